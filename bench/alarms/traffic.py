"""What a city says: presses one after another, telemetry beneath them; each in a process of its own.

    python -m bench.alarms.traffic press --url mqtt://… --first 1 --count 300 --rate 5 --out presses.jsonl
    python -m bench.alarms.traffic telemetry --url mqtt://… --devices 30000 --rate 500 --seconds 60

A press is written down with the moment before it was handed to the client, and the moment the platform's own answer
(`care/v1/…/ack`: it is stored) came back to the device.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.alarms.city import wire_id
from devices.mqtt import Address, Client, MQTTMessage

TICK: Final = 0.005
PATIENCE: Final = 60.0
KINDS: Final = ("sos", "sos", "sos", "fall", "smoke", "water_leak", "inactivity")  # priorities 1, 1, 1, 1, 1, 2, 3
VITALS: Final = 5  # every which message of telemetry is a measurement; the rest are heartbeats


@dataclass
class Press:
    """One call for help: when it left (Unix seconds), and when the device heard that it is stored."""

    wire_id: str
    kind: str
    at: float
    stored: float | None = None


def paced(count: int, rate: float) -> Iterator[int]:
    """Numbers from 0, each when it is due; rate 0 is as fast as it goes."""
    begun = time.monotonic()
    for n in range(count):
        while rate and time.monotonic() - begun < n / rate:
            time.sleep(TICK)
        yield n


def connect(url: str, name: str) -> Client:
    client = Address.of(url).client(name, window=1000)
    client.loop_start()
    while not client.is_connected():
        time.sleep(TICK)
    return client


def press(
    url: str, *, first: int, count: int, rate: float, mixed: bool, name: str, wait: float, begun: Path | None = None
) -> list[Press]:
    """Each of `count` elders presses once, in turn; answers what became of each. `begun` is made at the first."""
    client = connect(url, name)
    made: dict[str, Press] = {}
    heard = {f"care/v1/{wire_id(first + n)}/ack": wire_id(first + n) for n in range(count)}

    def on_ack(_client: Client, _data: object, message: MQTTMessage) -> None:
        if (said := made.get(heard.get(message.topic, ""))) and said.stored is None:
            said.stored = time.time()

    client.on_message = on_ack
    client.subscribe("care/v1/+/ack", 1)
    if begun:
        begun.touch()
    for n in paced(count, rate):
        device, kind = wire_id(first + n), KINDS[n % len(KINDS)] if mixed else "sos"
        body = {"id": f"{name}-{n}", "kind": kind, "at": datetime.now(UTC).isoformat(), "battery": 80}
        made[device] = Press(device, kind, time.time())
        last = client.publish(f"care/v1/{device}/event", json.dumps(body), qos=1)
    last.wait_for_publish(PATIENCE)
    deadline = time.monotonic() + wait
    while any(one.stored is None for one in made.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    client.disconnect()
    client.loop_stop()
    return list(made.values())


def telemetry(url: str, *, devices: int, count: int, rate: float, qos: int, vitals: int, name: str) -> None:
    """Heartbeats and measurements of devices by chance."""
    client, chance = connect(url, name), random.Random(7)
    for n in paced(count, rate):
        device = wire_id(chance.randrange(1, devices))
        body: dict[str, object] = {"kind": "heartbeat", "battery": 80}
        if n % vitals == 0:
            body = {"kind": "vitals", "readings": {"heart_rate": 60 + n % 40}}
        last = client.publish(f"care/v1/{device}/telemetry", json.dumps(body), qos=qos)
    if qos:
        last.wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def started(what: str, url: str, **options: object) -> "subprocess.Popen[bytes]":
    """One of the above in a process of its own."""
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    return subprocess.Popen([sys.executable, "-m", "bench.alarms.traffic", what, "--url", url, *words])


def read(path: Path) -> Sequence[Press]:
    """What a process wrote down."""
    return [Press(**json.loads(line)) for line in path.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=("press", "telemetry"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--name", default="city")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--devices", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=0.0, help="a second; 0: as fast as it goes")
    parser.add_argument("--qos", type=int, default=0)
    parser.add_argument("--vitals", type=int, default=VITALS)
    parser.add_argument("--mixed", type=int, default=0)
    parser.add_argument("--wait", type=float, default=PATIENCE)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--begun", type=Path, help="a file that is made at the first press")
    given = parser.parse_args()
    if given.what == "telemetry":
        telemetry(
            given.url, devices=given.devices, count=given.count, rate=given.rate, qos=given.qos,
            vitals=given.vitals, name=given.name,
        )  # fmt: skip
        return
    made = press(
        given.url, first=given.first, count=given.count, rate=given.rate, mixed=bool(given.mixed), name=given.name,
        wait=given.wait, begun=given.begun,
    )  # fmt: skip
    if given.out:
        given.out.write_text("".join(json.dumps(asdict(one)) + "\n" for one in made))


if __name__ == "__main__":
    main()
