"""The demo's process table: what runs, with which settings, and when each is ready."""

import json
import os
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from app.cli.parts import Part, broker, free_port, postgres, valkey
from app.cli.warm import cache_dir
from app.config import Settings
from app.messages.push import new_key
from app.vault import new_keyring
from devices.gateway.protocols import WIRES

DATABASE, NOTICES, DEVICES, LISTENERS = "database_url", "redis_url", "mqtt_url", "gateway_listeners"


@dataclass
class Table:
    """The embedded parts, the environment of every process, and a line on what is embedded."""

    parts: list[Part] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


def lay(given: Settings, var: Path) -> Table:
    """Embed every part that no address was given for."""
    table = Table(env=_environment(given, var))
    if DATABASE in given.model_fields_set:
        table.notes.append(("PostgreSQL", "yours, from YINLING_DATABASE_URL"))
    else:
        cluster = postgres.prepare(var / "pg", port=54320)
        table.parts.append(cluster.part)
        table.env |= {"YINLING_DATABASE_URL": cluster.url, "YINLING_DATABASE_OWNER_URL": cluster.owner_url}
        table.notes.append(("PostgreSQL", f"embedded, a real one; data in {cluster.data}, port {cluster.port}"))
    if NOTICES in given.model_fields_set:
        table.notes.append(("Redis", "yours, from YINLING_REDIS_URL"))
    else:
        store = valkey.prepare(var / "valkey", port=56379)
        table.parts.append(store.part)
        table.env["YINLING_REDIS_URL"] = store.url
        table.notes.append(("Redis", f"embedded {store.binary.name}, port {store.port}; carries notices and the queue"))
    if DEVICES in given.model_fields_set:
        table.notes.append(("MQTT", "yours, from YINLING_MQTT_URL"))
    else:
        made = broker.prepare(var / "broker", port=1883)
        table.parts.append(made.part)
        table.env |= {"YINLING_MQTT_URL": made.url, "YINLING_GATEWAY_MQTT_URL": made.gateway_url}
        if made.accounts_url:
            table.env["YINLING_ACCOUNTS_URL"] = made.accounts_url
        table.notes.append(("MQTT", _about_broker(made)))
    _listen(table, given)
    return table


def _listen(table: Table, given: Settings) -> None:
    """Every protocol of watches and diallers on the port its makers expect, or on one near it that is free."""
    if LISTENERS in given.model_fields_set:
        table.notes.append(("Watches", f"on the ports of YINLING_GATEWAY_LISTENERS: {given.gateway_listeners}"))
        return
    host = given.gateway_host if "gateway_host" in given.model_fields_set else "127.0.0.1"
    ports = {wire.NAME: free_port(wire.PORT, host) for wire in WIRES.values()}
    listeners = ",".join(f"{name}:{port}" for name, port in ports.items())
    table.env |= {"YINLING_GATEWAY_HOST": host, "YINLING_GATEWAY_LISTENERS": listeners}
    told = ", ".join(f"{name} {port}" for name, port in ports.items())
    table.notes.append(("Watches", f"{told}, on {host}; for real ones YINLING_GATEWAY_HOST=0.0.0.0"))


def reach_outside(table: Table, given: Settings) -> tuple[int, int]:
    """Messages and rings go to the simulated carrier and push service; the ports they shall serve."""
    port = free_port(8025, "127.0.0.1")
    push_port = free_port(port + 1, "127.0.0.1")
    table.env["YINLING_PUSH_HOSTS"] = f"{given.push_hosts},127.0.0.1"  # beside the browsers' own
    if "messages_url" in given.model_fields_set:
        table.notes.append(("Messages", "through your YINLING_MESSAGES_URL"))
    else:
        table.env["YINLING_MESSAGES_URL"] = (
            f"json://127.0.0.1:{port}/send?:to={{to}}&:channel={{channel}}&:id={{id}}&:urgent={{urgent}}&cto=3&rto=5"
        )
        told = f"people on the telephone, a carrier on port {port}, phones rung through port {push_port}"
        table.notes.append(("Outside", f"simulated: {told}; nothing leaves"))
    return port, push_port


def _about_broker(made: broker.Broker) -> str:
    if made.mosquitto:
        return f"Mosquitto of this machine, port {made.port}; keeps every acknowledged message through a kill -9"
    return (
        f"embedded rumqttd, port {made.port}; keeps sessions in memory only: what it held is lost when it ends. "
        "For real devices install Mosquitto (apt-get install mosquitto)"
    )


def _environment(given: Settings, var: Path) -> dict[str, str]:
    host = "127.0.0.1" if given.web_host in ("0.0.0.0", "::") else given.web_host
    port = given.web_port
    env = {
        "YINLING_VAR_DIR": str(var),
        "YINLING_WEB_DIST": str(given.web_dist),
        "YINLING_WEB_HOST": given.web_host,
        "YINLING_WEB_PORT": str(port),
        "YINLING_DEMO": "true",
        "NUMBA_CACHE_DIR": str(cache_dir(var)),
    }
    env["YINLING_PUBLIC_URL"] = given.public_url if "public_url" in given.model_fields_set else f"http://{host}:{port}"
    if not given.keys.get_secret_value() and not (var / "keys.json").exists():
        keep(var / "keys.json", new_keyring())
    if not given.push_key.get_secret_value() and not (var / "push_key").exists():
        keep(var / "push_key", new_key())
    if not given.hooks_token.get_secret_value():
        if not (var / "hooks_token").exists():
            keep(var / "hooks_token", secrets.token_urlsafe(24))
        env["YINLING_HOOKS_TOKEN"] = (var / "hooks_token").read_text()
    return env


def keep(path: Path, text: str) -> None:
    """A secret in a file that only its owner reads; whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)


def remember(var: Path, env: Mapping[str, str]) -> None:
    """Let later commands find this demo's parts."""
    keep(var / "demo.json", json.dumps(dict(env), indent=1))


def platform(env: Mapping[str, str]) -> list[Part]:
    """The processes of the platform itself."""
    url = f"{env['YINLING_PUBLIC_URL']}/readyz"
    if env["YINLING_WEB_HOST"] in ("0.0.0.0", "127.0.0.1"):
        url = f"http://127.0.0.1:{env['YINLING_WEB_PORT']}/readyz"
    few = {**env, "YINLING_DATABASE_POOL": "5"}
    parts = [
        process("web", ["web"], env),
        process("worker", ["worker"], few),
        *(process(f"listener-{name}", ["listener", "--name", name], few) for name in "12"),
        process("gateway-1", ["gateway", "--name", "1"], few),
        process("clock", ["clock"], few),
    ]
    pulses = {name: Pulse(env, name) for name in ("listener-1", "listener-2", "gateway-1", "clock")}
    changes: dict[str, dict[str, Any]] = {
        "web": {"ready": lambda: answers(url)},
        "worker": {"dies_with": signal.SIGTERM},  # it has to end its own children
        **{name: {"before": pulse.listen, "ready": pulse.heard} for name, pulse in pulses.items()},
    }
    return [replace(part, **changes[part.name]) for part in parts]


def process(name: str, arguments: list[str], env: Mapping[str, str]) -> Part:
    """One `yinling` command as a part."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    return Part(name=name, command=command, env=env, ready=lambda: True, cwd=str(Path.cwd()))


def answers(url: str) -> bool:
    """The web process serves, and its database answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Pulse:
    """A process is ready once it has said, since its start, that it is well, and the database heard it."""

    def __init__(self, env: Mapping[str, str], name: str) -> None:
        self.url, self.name = env["YINLING_DATABASE_URL"].replace("+psycopg", ""), name
        self.since = datetime.now(UTC)

    def listen(self) -> None:
        """From now on."""
        self.since = datetime.now(UTC)

    def heard(self) -> bool:
        """Since then."""
        query = "select well from pulses where name = %s and at > %s"
        try:
            with psycopg.connect(self.url, connect_timeout=2) as connection:
                return connection.execute(query, [self.name, self.since]).fetchone() == (True,)
        except psycopg.Error:
            return False


def whole(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with the demo's settings in it."""
    return {**os.environ, **env}
