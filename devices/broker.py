"""Starts a real Mosquitto safely: writes its configuration, passwords and rights into a folder, and says how to run it.

Mosquitto's defaults lose every acknowledged message when it is killed; the lines in `SAFE` are what keeps them. A
device may publish only as itself and hear only what is meant for it: its user name stands in the topic.
"""

import base64
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
ITERATIONS: Final = 101  # Mosquitto's own figure; our passwords are long and random
PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")

SAFE: Final = """\
persistence true
autosave_on_changes true
autosave_interval 1
max_inflight_messages 1000
max_queued_messages 0
max_queued_bytes 0
persistent_client_expiration 14d
max_packet_size 262144
set_tcp_nodelay true
allow_anonymous false
connection_messages false
log_dest stderr
log_type error
log_type warning
"""

BRIDGES: Final = (
    "zigbee2mqtt/#", "application/#", "tele/#", "stat/#", "v1/#", "shellies/#", "+/events/rpc", "+/online",
    "home/+/BTtoMQTT/+",
)  # fmt: skip
CHANNELS: Final = ("event", "telemetry", "status")


class Role(StrEnum):
    """What an account may say and hear."""

    PLATFORM = "platform"  # hears everything, answers devices
    DEVICE = "device"  # speaks for itself: its name is its device id
    GATEWAY = "gateway"  # a bridge, or one connection that speaks for many devices


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    password: str
    role: Role = Role.DEVICE


def executable() -> str | None:
    """The installed Mosquitto, also where the folder of servers is not on the PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(PLACES))


def command(folder: Path) -> list[str]:
    """How to start the broker that `write` prepared; a foreground process that ends on SIGTERM."""
    return [executable() or "mosquitto", "-c", str(folder / "mosquitto.conf")]


def write(folder: Path, *, port: int, accounts: Iterable[Account], address: str = "127.0.0.1") -> Path:
    """Writes configuration, password and rights files into the folder; a running broker takes new ones on SIGHUP."""
    folder.mkdir(parents=True, exist_ok=True)
    known = list(accounts)
    secret_file(folder / "passwords", "".join(f"{account.name}:{hashed(account.password)}\n" for account in known))
    secret_file(folder / "rights", rights(known))
    files = [f"password_file {folder.resolve() / 'passwords'}", f"acl_file {folder.resolve() / 'rights'}"]
    return configure(folder, port=port, address=address, accounts=files)


def configure(folder: Path, *, port: int, accounts: Iterable[str], address: str = "127.0.0.1") -> Path:
    """Writes the configuration; `accounts` are its lines that say who may come in."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    lines = [f"listener {port} {address}", f"persistence_location {folder.resolve() / 'data'}/", *accounts]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lines.append("user root")  # it would else become `mosquitto`, who cannot read these files
    return secret_file(folder / "mosquitto.conf", SAFE + "\n".join(lines) + "\n")


def rights(accounts: Iterable[Account]) -> str:
    """Mosquitto's ACL: what is not allowed here is forbidden. `%u` is the user name the client proved."""
    blocks = [
        *[f"pattern write care/v1/%u/{channel}" for channel in CHANNELS],
        "pattern read care/v1/%u/ack",
        "pattern read care/v1/%u/cmd",
    ]
    for account in accounts:
        if not NAME.fullmatch(account.name):
            raise ValueError(f"{account.name!r} is no account name: 1 to 64 of A-Z a-z 0-9 _ . : -")
        if account.role is Role.PLATFORM:
            may = ["read #", "write care/v1/+/ack", "write care/v1/+/cmd"]
        elif account.role is Role.GATEWAY:
            may = [*[f"write care/v1/+/{channel}" for channel in CHANNELS], "read care/v1/+/ack", "read care/v1/+/cmd"]
            may += [f"readwrite {topic}" for topic in BRIDGES]
        else:
            continue
        blocks += ["", f"user {account.name}", *[f"topic {what}" for what in may]]
    return "\n".join(blocks) + "\n"


def hashed(password: str, salt: bytes | None = None) -> str:
    """A password as Mosquitto 2 stores it: `$7$`, PBKDF2 with SHA-512."""
    salt = salt or secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def secret_file(path: Path, content: str) -> Path:
    """Whole or not at all, and readable by its owner only."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    return fresh.replace(path)
