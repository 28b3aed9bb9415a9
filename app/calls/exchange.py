"""A simulated telephone exchange: it takes up what the desk asks to dial and calls in, over the same webhooks."""

import random
import time
from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

from app.calls.rules import CallEvent, Direction, Result


class Answer(Protocol):
    """What an HTTP client answers."""

    def json(self) -> Any:
        """The body."""
        ...

    def raise_for_status(self) -> Any:
        """Raises when it was refused."""
        ...


class Web(Protocol):
    """An HTTP client that knows the platform's address."""

    def get(self, url: str, *, headers: dict[str, str]) -> Answer:
        """GET."""
        ...

    def post(self, url: str, *, json: Any, headers: dict[str, str]) -> Answer:
        """POST."""
        ...


class Exchange:
    """Speaks the contract of `POST /api/hooks/calls`. Chance and pauses are given, so that a day can be replayed."""

    HOOK = "/api/hooks/calls"

    def __init__(
        self, web: Web, token: str, *, chance: random.Random, sleep: Callable[[float], object] = time.sleep,
        answers: float = 0.8,
    ) -> None:  # fmt: skip
        self._web, self._chance, self._sleep, self._answers = web, chance, sleep, answers
        self._headers = {"Authorization": f"Bearer {token}"}

    def take_up(self) -> int:
        """Dial everything the desk has asked for; answers how many calls that were."""
        asked = self._web.get(f"{self.HOOK}/to-dial", headers=self._headers)
        asked.raise_for_status()
        dialled = asked.json()
        for dial in dialled:
            self._call(
                self._name(), Direction.OUTBOUND, phone=dial["phone"], ours=dial["ours"], operator=dial["operator"]
            )
        return len(dialled)

    def call_in(self, phone: str, operator: str | None = None) -> str:
        """Somebody calls the hotline; answers the exchange's name of the call."""
        name = self._name()
        self._call(name, Direction.INBOUND, phone=phone, operator=operator, answered=True)
        return name

    def _call(self, name: str, direction: Direction, *, answered: bool | None = None, **said: Any) -> None:
        def tell(event: CallEvent, **more: Any) -> None:
            body = {"event": event, "call_id": name, "event_id": f"{name}:{event}", "direction": direction, **said}
            self._web.post(self.HOOK, json={**body, **more}, headers=self._headers).raise_for_status()

        tell(CallEvent.RINGING)
        self._sleep(self._chance.uniform(2, 12))
        if answered if answered is not None else self._chance.random() < self._answers:
            tell(CallEvent.ANSWERED)
            self._sleep(self._chance.uniform(20, 90))
            tell(CallEvent.HUNG_UP)
            tell(CallEvent.RECORDING, url=f"https://recorder.invalid/{name}.ogg")
        else:
            tell(CallEvent.HUNG_UP, result=self._chance.choice([Result.NO_ANSWER, Result.BUSY]))

    def _name(self) -> str:
        return f"sim-{uuid4().hex}"  # never twice, also when a day is replayed
