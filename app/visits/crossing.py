"""Rules across visits: what a single record cannot show. Each is a named function that yields what it finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.people.life_rules import ENDING, Away
from app.places.rules import Level, Place, metres
from app.visits.rules import Finding, Flaw
from app.visits.terms_rules import Terms


@dataclass(frozen=True)
class Stay:
    """A caregiver at a home: when, where, and the places her phone reported at both ends, if it did."""

    visit_id: int
    attendance_id: int
    home_id: int
    started_at: datetime
    finished_at: datetime
    level: Level | None = None
    start: Place | None = None
    finish: Place | None = None


def overlap(mine: Stay, others: Sequence[Stay], terms: Terms) -> Iterator[Finding]:
    """R1: at two homes at once. Two people in one home, a couple, are no contradiction."""
    for other in others:
        both = min(mine.finished_at, other.finished_at) - max(mine.started_at, other.started_at)
        if other.home_id != mine.home_id and both.total_seconds() > 60 * terms.overlap_minutes:
            facts = {"minutes": -(-int(both.total_seconds()) // 60), "visit_id": other.visit_id}
            yield Finding(Flaw.OVERLAP, mine.attendance_id, facts)
            return


def impossible_travel(mine: Stay, others: Sequence[Stay], terms: Terms) -> Iterator[Finding]:
    """R2: the straight line between check-out and the next check-in, less both accuracies, needs too much speed."""
    before = max((o for o in others if o.finished_at <= mine.started_at), key=lambda o: o.finished_at, default=None)
    following = min((o for o in others if o.started_at >= mine.finished_at), key=lambda o: o.started_at, default=None)
    for first, then in ((before, mine), (mine, following)):
        if first is None or then is None or first.finish is None or then.start is None:
            continue
        distance = metres(first.finish, then.start) - first.finish.accuracy_m - then.start.accuracy_m
        seconds = (then.started_at - first.finished_at).total_seconds()
        limit = terms.rural_kmh if first.level is then.level is Level.VILLAGE else terms.town_kmh
        if distance >= terms.travel_least_m and distance * 3.6 > limit * seconds:
            facts = {
                "distance_m": round(distance), "minutes": int(seconds // 60), "limit_kmh": limit,
                "visit_id": (first if then is mine else then).visit_id,
            }  # fmt: skip
            yield Finding(Flaw.IMPOSSIBLE_TRAVEL, mine.attendance_id, facts)
            return


def too_many(mine: Stay, others: Sequence[Stay], terms: Terms) -> Iterator[Finding]:
    """R3: more visits, or more hours in homes, than one caregiver gives in a day; `others` are of the same day.

    Those before this one count, so that what came after a full day is held and not what filled it.
    """
    so_far = [mine, *(other for other in others if other.started_at < mine.started_at)]
    hours = sum((stay.finished_at - stay.started_at).total_seconds() for stay in so_far) / 3600
    if len(so_far) > terms.day_visits or hours > terms.day_hours:
        facts = {"visits": len(so_far), "minutes": round(hours * 60)}
        yield Finding(Flaw.TOO_MANY, mine.attendance_id, facts)


def unqualified(
    attendance_id: int, needs: Sequence[str], held: Mapping[str, date | None], day: date
) -> Iterator[Finding]:
    """R4: a skill the item needs is missing, or its certificate had expired on the day."""
    for skill in needs:
        if skill not in held:
            yield Finding(Flaw.UNQUALIFIED, attendance_id, {"skill": skill})
            return
        expires = held[skill]
        if expires is not None and expires < day:
            yield Finding(Flaw.UNQUALIFIED, attendance_id, {"skill": skill, "expired": expires.isoformat()})
            return


def elder_gone(
    started_at: datetime, day: date, *, told: Sequence[Away], away: str | None, ended_at: datetime | None
) -> Iterator[Finding]:
    """R8: what was told of her life (a death, a move, a stay) covers the day; else what her record says of today.

    `away` is a word an operator set without days; `ended_at` counts where nothing says when she left.
    """
    event = next((one for one in told if one.covers(day)), None)
    if event is not None:
        facts = {"away": event.kind, "since": event.starts.isoformat()}
        yield Finding(Flaw.ELDER_GONE, None, facts | ({"until": event.ends.isoformat()} if event.ends else {}))
    elif ended_at is not None and ended_at <= started_at and not any(one.kind in ENDING for one in told):
        yield Finding(Flaw.ELDER_GONE, None, {"ended": ended_at.isoformat()})
    elif away and not any(one.kind == away for one in told):
        yield Finding(Flaw.ELDER_GONE, None, {"away": away})
