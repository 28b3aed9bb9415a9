"""The broker's accounts of devices, whoever keeps them: Mosquitto's dynamic security, EMQX, or a password file.

Each keeper can do three things, all of which may be done twice: `put` an account with its rights, `remove` one and
hang up on it, and say which devices it knows. One that cannot be reached raises `Unreachable`, having done nothing
that doing it again would not mend.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit


class Unreachable(Exception):
    """The keeper of the accounts does not answer."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a device logs in with. Without a password nobody can: then its certificate lets it in."""

    name: str
    password: str | None = field(default=None, repr=False)
    hashed: str | None = field(default=None, repr=False)  # the same, in Mosquitto's form


class Keeper(Protocol):
    """Keeps the accounts of devices."""

    def put(self, logins: Sequence[Login]) -> Mapping[str, str]:
        """Have these accounts exist, with this password and a device's rights; answers what went wrong, by name."""
        ...

    def remove(self, names: Sequence[str]) -> Mapping[str, str]:
        """Have none of these accounts, and hang up on whoever uses them; answers what went wrong, by name."""
        ...

    def names(self) -> set[str]:
        """The devices that have an account."""
        ...


@contextmanager
def keeper(url: str) -> Iterator[Keeper]:
    """The keeper at an address; raises Unreachable.

    `mqtt://admin:…@host`                   Mosquitto's dynamic security plugin
    `emqx+http://key:secret@host:18083`     EMQX 5, its HTTP API
    `file:///etc/mosquitto/passwords?pid=/run/mosquitto.pid`     Mosquitto's password file, with pattern rights
    """
    from devices.accounts import dynsec, emqx, passwords
    from devices.mqtt import Address

    parts = urlsplit(url)
    match parts.scheme:
        case "mqtt" | "mqtts":
            with dynsec.connected(Address.of(url)) as made:
                yield made
        case "emqx+http" | "emqx+https":
            base = f"{parts.scheme.removeprefix('emqx+')}://{parts.hostname}:{parts.port or 18083}"
            yield emqx.Emqx(base, unquote(parts.username or ""), unquote(parts.password or ""))
        case "file":
            yield passwords.PasswordFile(parts.path, parse_qs(parts.query).get("pid", [None])[0])
        case _:
            raise ValueError("accounts are kept at mqtt[s]://…, emqx+http[s]://… or file:///…")
