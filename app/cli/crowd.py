"""`yinling simulate devices`: finds the platform's doors, lets the crowd live, and draws its table."""

import resource
from collections.abc import Callable
from typing import Final

from rich.table import Table

from devices.crowd import plan
from devices.crowd.crowd import Crowd, Targets, Tell
from devices.crowd.rates import PROFILES, Way
from devices.crowd.score import Cost, Score

OVER_TCP: Final = {Way.WATCH.value, Way.GT06.value, Way.JT808.value}
COLUMNS: Final = (
    "devices", "connections", "returned", "events", "sent", "repeated", "acknowledged", "lost", "beats",
)  # fmt: skip
SHARES: Final = {"p50": 0.50, "p90": 0.90, "p99": 0.99, "max": 1.0}


class NoTargets(ValueError):
    """What is asked for cannot be simulated here; the text says why."""


def run(
    *, count: int, profile: str, seconds: float, seed: int, own: int, broker: str, host: str, listeners: str,
    strangers: bool, tell: Tell, say: Callable[[str], object],
) -> Table:  # fmt: skip
    if profile not in PROFILES:
        raise NoTargets(f"There is no profile {profile!r}: {', '.join(PROFILES)}.")
    targets = Targets(broker, _ports(host, listeners))
    if not targets.ways:
        raise NoTargets("Nowhere to speak to: give --broker and --listeners (or set YINLING_GATEWAY_LISTENERS).")
    known = [] if strangers else _registered(say)
    people = plan.people(count, seed=seed, known=known)
    crowd = Crowd(people, targets, profile, seed=seed, own=own)
    _allow_files(crowd.files())
    names = {name for name, _ in known}
    say(f"- {PROFILES[profile].words}; {len(crowd.people)} of {count} devices have somewhere to speak to, "
        f"{sum(person.wire_id in names for person in crowd.people)} of them are registered; "
        f"{len(crowd.speakers)} connections")  # fmt: skip
    return table(crowd.scores, crowd.run(seconds, tell=tell))


def _ports(host: str, listeners: str) -> tuple[tuple[Way, str, int], ...]:
    from app.config import settings

    found = []
    for part in filter(None, (listeners or settings().gateway_listeners).split(",")):
        wire, _, port = part.strip().partition(":")
        if not port.isdecimal():
            raise NoTargets(f"{part.strip()!r} is no listener: write protocol:port.")
        if wire in OVER_TCP:
            found.append((Way(wire), host, int(port)))
    return tuple(found)


def _registered(say: Callable[[str], object]) -> list[tuple[str, str]]:
    from sqlalchemy.exc import SQLAlchemyError

    from app.simulate import crowd

    try:
        return list(crowd.registered())
    except SQLAlchemyError as error:
        say(f"- the register cannot be asked ({type(error).__name__}): all devices are strangers")
        return []


def _allow_files(wanted: int) -> None:
    """Raise the limit of open files as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise NoTargets(f"{wanted} open files are needed and {hard} allowed: fewer devices, or raise `ulimit -Hn`.")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def table(scores: dict[Way, Score], cost: Cost) -> Table:
    """A column for each way of speaking, which fits a terminal; seconds from the first sending to the answer."""
    heard = {way: score for way, score in scores.items() if score.devices}
    drawn = Table("", caption=f"{cost.processor:.1f} s of processor time, {cost.memory:.0f} MB at most")
    for way in heard:
        drawn.add_column(way.value, justify="right")
    for name in COLUMNS:
        drawn.add_row(name, *(str(getattr(score, name)) for score in heard.values()))
    for name, share in SHARES.items():
        seconds = (score.percentile(share) for score in heard.values())
        drawn.add_row(f"{name}, s", *("" if found is None else f"{found:.3f}" for found in seconds))
    return drawn
