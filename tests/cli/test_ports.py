"""The port of the pages: free, or a sentence that names who holds it."""

import os
import socket
from collections.abc import Iterator

import pytest

from app.cli import ports
from app.cli.parts import PartFailed, free_port


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


def test_a_busy_port_names_its_holder_and_another_choice(busy: int) -> None:
    with pytest.raises(PartFailed) as told:
        ports.check("127.0.0.1", busy)
    assert f"(process {os.getpid()})" in str(told.value)
    assert f"YINLING_WEB_PORT={busy + 1} make demo" in str(told.value)


def test_a_free_port_is_taken_as_it_is() -> None:
    ports.check("127.0.0.1", free_port())


def test_an_address_of_another_machine_is_refused_with_the_two_that_work() -> None:
    with pytest.raises(PartFailed, match=r"192\.0\.2\.1 is no address of this machine: .* 127\.0\.0\.1 or 0\.0\.0\.0"):
        ports.check("192.0.2.1", free_port())
