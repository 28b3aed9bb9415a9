"""Mosquitto's configuration, where it can be read: what in it would lose calls for help, or let strangers in."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECONDS: Final = {"h": 3600, "d": 86400, "w": 604800, "m": 2592000, "y": 31536000}
A_WEEK: Final = 604800
ENOUGH_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Rule:
    """A setting, its value where the file says nothing, what is asked of it, and what happens otherwise."""

    name: str
    default: str
    holds: Callable[[str], bool]
    remedy: str
    otherwise: str


def _is(value: str) -> Callable[[str], bool]:
    return lambda said: said == value


def _long_enough(said: str) -> bool:
    told = re.fullmatch(r"(\d+)([hdwmy])", said)
    return said == "" or bool(told and int(told[1]) * SECONDS[told[2]] >= A_WEEK)


def _wide_enough(said: str) -> bool:
    return said.isdecimal() and (said == "0" or int(said) >= ENOUGH_AT_ONCE)


RULES: Final = (
    Rule("persistence", "false", _is("true"), "persistence true", "a restart loses what listeners have not fetched"),
    Rule(
        "autosave_on_changes", "false", _is("true"), "autosave_on_changes true",
        "a kill -9 loses what was acknowledged since the last save",
    ),
    Rule(
        "autosave_interval", "1800", _is("1"), "autosave_interval 1",
        "a kill -9 loses what was acknowledged since the last save",
    ),
    Rule(
        "max_queued_messages", "1000", _is("0"), "max_queued_messages 0",
        "while the database is down, messages beyond that number are dropped",
    ),
    Rule(
        "max_queued_bytes", "0", _is("0"), "max_queued_bytes 0",
        "while the database is down, messages beyond that size are dropped",
    ),
    Rule(
        "max_inflight_messages", "20", _wide_enough, "max_inflight_messages 1000",
        "a storm is stored in many small commits and waits",
    ),
    Rule(
        "persistent_client_expiration", "", _long_enough, "persistent_client_expiration 14d",
        "a listener that is away for longer loses its session and what waits in it",
    ),
    Rule("allow_anonymous", "false", _is("false"), "allow_anonymous false", "anybody can press and listen"),
)  # fmt: skip


def read(file: Path) -> dict[str, str]:
    """The settings of a file and of the folder it includes; of one that is said twice, the last."""
    found: dict[str, str] = {}
    for line in file.read_text(errors="replace").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "include_dir":
            for other in sorted(Path(value.strip()).glob("*.conf")):
                found |= read(other)
        elif name and not name.startswith("#"):
            found[name] = value.strip()
    return found


def faults(settings: dict[str, str]) -> Iterable[Rule]:
    """What would lose messages or let strangers in, and that nothing says who may do what."""
    yield from (rule for rule in RULES if not rule.holds(settings.get(rule.name, rule.default)))
    if not {"acl_file", "plugin", "auth_plugin"} & settings.keys():
        yield Rule(
            "acl_file", "", bool, "acl_file /etc/mosquitto/rights", "every device may speak and hear as any other"
        )
