"""`docs/connect/watches.md`: every frame it tells a reader to send is read as it says, and has the length it says."""

import re
from pathlib import Path

import pytest

from devices.codecs import decode
from devices.gateway.protocols import WIRES
from devices.signals import Message

PAGE = (Path(__file__).parents[2] / "docs/connect/watches.md").read_text()
SENT = re.findall(r"^printf '([^']+)' \| nc -q2 127\.0\.0\.1 (\d+) +# → (\w+)$", PAGE, re.MULTILINE)
PORTS = {str(wire.PORT): wire for wire in WIRES.values()}


@pytest.mark.parametrize(("frame", "port", "said"), SENT, ids=[f"{port} {said}" for _, port, said in SENT])
def test_an_example_is_read_as_the_page_says(frame: str, port: str, said: str) -> None:
    wire = PORTS[port]
    assert wire.cut(bytearray(frame.encode())) == (0, len(frame)), "the gateway sees one whole frame"
    assert [str(signal.kind) for signal in decode(Message("", frame.encode()), wire.FAMILY)] == [said]
    if length := re.match(r"\[3G\*\d+\*([0-9A-F]{4})\*([^\]]*)\]", frame):
        assert int(length[1], 16) == len(length[2])


def test_every_line_that_sends_is_checked_and_every_port_is_the_gateways() -> None:
    assert len(SENT) == sum(line.startswith("printf ") for line in PAGE.splitlines()) >= 6
    told = dict(re.findall(r"`(\w+):(\d+)`", PAGE))
    assert told == {name: str(wire.PORT) for name, wire in WIRES.items()}
