"""Embedded MQTT broker: Mosquitto where it is installed, with our safe configuration; else rumqttd out of a wheel."""

import json
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.cli.parts import Part, Running, free_port
from devices import broker
from devices.accounts import dynsec
from devices.broker import Account, Role
from devices.mqtt import Address

PLATFORM, GATEWAY, ADMIN = "platform", "gateway", "admin"


@dataclass(frozen=True)
class Broker:
    """Where one broker lives and how to reach it."""

    part: Part
    port: int
    url: str  # for the platform: hears everything
    gateway_url: str  # for simulators: speaks for any device
    mosquitto: bool
    accounts_url: str = ""  # for whoever gives devices their keys; empty where the broker cannot be told


class Server(Running):
    """A running broker, for tests."""

    def __init__(self, made: Broker, folder: Path) -> None:
        self.url, self.gateway_url, self.port, self.mosquitto = made.url, made.gateway_url, made.port, made.mosquitto
        super().__init__(made.part, folder)


def start(folder: Path, *, mosquitto: bool = True) -> Server:
    """A broker that is ready for use: `.url`, `.gateway_url`, `.stop()`."""
    return Server(prepare(folder, mosquitto=mosquitto), folder)


def prepare(folder: Path, *, port: int = 0, mosquitto: bool = True) -> Broker:
    """Write configuration and accounts; the answer's part starts it."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port, words = free_port(port), _passwords(folder / "accounts.json")
    mosquitto = mosquitto and broker.executable() is not None
    told = mosquitto and dynsec.plugin() is not None
    if mosquitto:
        accounts = [Account(PLATFORM, words[PLATFORM], Role.PLATFORM), Account(GATEWAY, words[GATEWAY], Role.GATEWAY)]
        if told:
            dynsec.write(folder, port=port, accounts=accounts, admin=Account(ADMIN, words[ADMIN]))
        else:
            broker.write(folder, port=port, accounts=accounts)
        command, query = broker.command(folder), ""
    else:
        users = str(folder / "accounts.json")
        command = [sys.executable, "-m", "devices.embedded_broker", "--port", str(port), "--users", users]
        query = "?protocol=3.1.1"
    url, gateway_url = (f"mqtt://{name}:{words[name]}@127.0.0.1:{port}{query}" for name in (PLATFORM, GATEWAY))
    part = Part(name="broker", command=command, ready=lambda: answers(url))
    accounts_url = f"mqtt://{ADMIN}:{words[ADMIN]}@127.0.0.1:{port}" if told else ""
    return Broker(part, port, url, gateway_url, mosquitto, accounts_url)


def answers(url: str, *, patience: float = 2) -> bool:
    """The broker lets us in with this name and password."""
    client = Address.of(url).client(f"probe-{secrets.token_hex(4)}")
    deadline = time.monotonic() + patience
    try:
        client.reconnect()
        while not client.is_connected() and time.monotonic() < deadline:
            if client.loop(0.1):
                return False
        return client.is_connected()
    except OSError:
        return False
    finally:
        client.disconnect()
        client.loop(0.1)


def _passwords(path: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in (PLATFORM, GATEWAY, ADMIN) if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(24) for name in missing}
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(known))
        new.rename(path)
    return known
