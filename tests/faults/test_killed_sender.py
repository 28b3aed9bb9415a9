"""Real clock processes and a real gateway: kill -9 of the sender while the gateway has taken it and not answered.

The next sender hands over the same id, and the recipient is told once."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from app.db import transaction
from app.messages.actions import tell
from app.messages.rules import Channel, MessageState
from app.messages.tables import MessageAttempt, OutboxMessage
from app.simulate import carrier
from tests.cast import COMMUNITY, DISTRICT
from tests.faults.test_killed_listener import ROOT, until

pytestmark = pytest.mark.alone


class Slow(carrier.Carrier):
    """It has taken the first message, and its answer stays away until somebody says so."""

    def __init__(self) -> None:
        super().__init__(chance=random.Random(1))
        self.posts: list[str] = []
        self.has_it, self.may_answer = threading.Event(), threading.Event()

    def take(self, said: dict[str, Any], *, now: float) -> int:
        self.posts.append(str(said["id"]))
        first = not self.taken
        self.taken.setdefault(str(said["id"]), said)
        if first:
            self.has_it.set()
            self.may_answer.wait(30)
        return 202


@contextmanager
def clock(url: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | {"YINLING_MESSAGES_URL": url, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with output.open("ab") as log:
        command = [sys.executable, "-c", "from app.clock import main; main()"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def the_message() -> OutboxMessage:
    with transaction() as session:
        return session.scalars(select(OutboxMessage)).one()


def test_a_message_in_a_killed_senders_hand_is_told_once(database: Engine, tmp_path: Path) -> None:
    gateway = Slow()
    with ExitStack() as stack:
        door = stack.enter_context(carrier.serve(gateway, 0))
        serving = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        stack.callback(serving.join)
        stack.callback(door.shutdown)
        stack.callback(gateway.may_answer.set)
        url = f"json://127.0.0.1:{door.server_address[1]}/send?:to={{to}}&:id={{id}}&cto=30&rto=60"
        with transaction() as session:
            tell(
                session, district_id=DISTRICT, division_code=COMMUNITY, key="k", channel=Channel.SMS, to="13900008870",
                to_whom="女儿", text="请回电", about="alarms/17", now=datetime.now(UTC),
            )  # fmt: skip
        with clock(url, tmp_path / "first.log") as first:
            assert gateway.has_it.wait(60)
            first.kill()
            first.wait()
        assert the_message().state is MessageState.SENDING, "nobody knows whether it went out"
        gateway.may_answer.set()
        with transaction() as session:
            session.execute(update(OutboxMessage).values(due_at=datetime.now(UTC)))  # its lease runs out
        with clock(url, tmp_path / "second.log"):
            until(lambda: the_message().state is MessageState.SENT, "the second sender hands it over", 60)
    message = the_message()
    assert gateway.posts == [f"{DISTRICT}-{message.id}"] * 2 and len(gateway.taken) == 1
    with transaction() as session:
        tries = session.scalars(select(MessageAttempt).order_by(MessageAttempt.n)).all()
    assert [(one.state, one.trouble) for one in tries] == [("unknown", "died"), ("sent", None)]
