"""The doors of test windows and of the word an elder is known by."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access.api import Desk, Hotline
from app.alarms import on_test
from app.alarms.handling_tables import OnTestWindow
from app.db import transaction

windows = APIRouter(prefix="/api/test-windows", tags=["test windows"])
elders = APIRouter(prefix="/api/elders", tags=["elders"])


class WindowOut(BaseModel):
    """One window."""

    id: int
    home_id: int | None
    device_id: int | None
    installer_id: int | None
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reason: str
    made_by: str

    @classmethod
    def of(cls, window: OnTestWindow) -> "WindowOut":
        """As the desk sees it."""
        return cls(
            id=window.id, home_id=window.home_id, device_id=window.device_id, installer_id=window.installer_id,
            starts_at=window.starts_at, ends_at=window.ends_at, ended_at=window.ended_at, reason=window.reason,
            made_by=window.made_by,
        )  # fmt: skip


class Windows(BaseModel):
    """The windows that are open now."""

    items: list[WindowOut]


@windows.get("")
def open_windows(me: Desk) -> Windows:
    """What is being tried out now, the first to end first."""
    with transaction(me.scope) as session:
        return Windows(items=[WindowOut.of(one) for one in on_test.standing(session, now=datetime.now(UTC))])


class WindowIn(BaseModel):
    """A home or a device, for how long, and why."""

    home_id: int | None = None
    device_id: int | None = None
    installer_id: int | None = None
    minutes: int = Field(60, ge=1)
    reason: str = Field(min_length=1, max_length=500)


@windows.post("")
def begin_window(wish: WindowIn, me: Hotline) -> WindowOut:
    """What rings there rings all the same, and can be confirmed as a test by a voice."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        return WindowOut.of(on_test.begin(session, **wish.model_dump(), me=me, now=now))


@windows.post("/{window_id}/end")
def end_window(window_id: int, me: Hotline) -> WindowOut:
    """Before its time."""
    with transaction(me.scope) as session:
        return WindowOut.of(on_test.end(session, window_id, me=me, now=datetime.now(UTC)))


class WordIn(BaseModel):
    """The word she will say."""

    word: str = Field(min_length=2, max_length=100)


@elders.put("/{elder_id}/voice-password", status_code=204)
def set_word(elder_id: int, said: WordIn, me: Hotline) -> None:
    """Kept as a keyed hash: it can be compared and never be read."""
    with transaction(me.scope) as session:
        on_test.set_word(session, elder_id, said.word, me=me, now=datetime.now(UTC))
