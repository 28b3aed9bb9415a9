"""Reading the rules in force, and readings as samples."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.orm import Session

from app.equipment.measures import Measure, measures
from app.equipment.rules import DeviceKind
from app.equipment.tables import Device, Reading
from app.monitoring.memory import Sample
from app.monitoring.params import Params
from app.monitoring.rules import RuleKind, VersionState, read_params
from app.monitoring.tables import MonitoringRule, RuleVersion
from app.people.tables import Elder
from devices.signals import Kind


@dataclass(frozen=True)
class Standing:
    """A version in force."""

    version_id: int
    rule_id: int
    district_id: int
    n: int
    kind: RuleKind
    elder_id: int | None
    model_id: str | None
    off: bool
    since: datetime
    params: Params


@dataclass(frozen=True)
class Book:
    """The rules in force for some elders: hers before her device's model's before everybody's."""

    of_elder: Mapping[tuple[int, RuleKind], Standing]
    of_model: Mapping[tuple[str, RuleKind], Standing]
    of_all: Mapping[RuleKind, Standing]

    def find(self, kind: RuleKind, elder_id: int | None, model_id: str | None) -> Standing | None:
        """The one that holds; none where it was expressly put off."""
        found = self.of_elder.get((elder_id, kind)) if elder_id else None
        found = found or (self.of_model.get((model_id, kind)) if model_id else None) or self.of_all.get(kind)
        return None if found is None or found.off else found


_IN_FORCE: Final = (
    select(
        RuleVersion.id, MonitoringRule.id, MonitoringRule.district_id, RuleVersion.n, MonitoringRule.kind,
        MonitoringRule.elder_id, MonitoringRule.model_id, RuleVersion.off, RuleVersion.active_from,
    )
    .join(MonitoringRule, MonitoringRule.id == RuleVersion.rule_id)
    .where(RuleVersion.state == VersionState.ACTIVE)
)  # fmt: skip


def _standing(session: Session, rows: Sequence[Any]) -> list[Standing]:
    params = _params(session, [(row[0], row[4]) for row in rows])
    return [Standing(*[*row, params[row[0]]]) for row in rows]


def standing(session: Session, version_id: int) -> Standing | None:
    """A version, if it is in force."""
    rows = session.execute(_IN_FORCE.where(RuleVersion.id == version_id)).all()
    return next(iter(_standing(session, rows)), None)


def book(session: Session, district_id: int, elder_ids: Collection[int]) -> Book:
    """The rules in force in a district, of everybody's and of these elders'."""
    rows = session.execute(
        _IN_FORCE.where(MonitoringRule.district_id == district_id).where(
            MonitoringRule.elder_id.is_(None) | MonitoringRule.elder_id.in_(elder_ids)
        )
    ).all()
    found = _standing(session, rows)
    return Book(
        {(s.elder_id, s.kind): s for s in found if s.elder_id},
        {(s.model_id, s.kind): s for s in found if s.model_id},
        {s.kind: s for s in found if not s.elder_id and not s.model_id},
    )


@lru_cache(maxsize=200_000)
def _kept(_version_id: int) -> dict[str, Params]:
    """A place for the parameters of one version, which never change, so that they are unsealed once."""
    return {}


def _params(session: Session, versions: Sequence[tuple[int, RuleKind]]) -> Mapping[int, Params]:
    missing = [number for number, _ in versions if not _kept(number)]
    if missing:
        kinds = dict(versions)
        for number, given in session.execute(
            select(RuleVersion.id, RuleVersion.params).where(RuleVersion.id.in_(missing))
        ):
            _kept(number)["params"] = read_params(kinds[number], given)
    return {number: _kept(number)["params"] for number, _ in versions}


def forget_params() -> None:
    """For tests, whose databases begin again with the same numbers."""
    _kept.cache_clear()


# -- readings ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """A stored reading with what it measured."""

    id: int
    at: datetime
    device_id: int
    model_id: str | None
    elder_id: int | None
    home_id: int | None
    division_code: str
    measures: Sequence[Measure]
    device_at: datetime | None = None

    def samples(self) -> list[Sample]:
        """What a rule may look at."""
        return [
            Sample(self.at, m.metric, m.value, self.device_id, self.id, m.lat, m.lon) for m in self.measures if m.ok
        ]


_COLUMNS: Final = (
    Reading.id, Reading.at, Reading.device_id, Device.model_id, Reading.elder_id, Reading.home_id,
    Reading.division_code, Reading.device_kind, Reading.kind, Reading.measured, Reading.device_at,
)  # fmt: skip


def _heard(row: Row[Any]) -> Heard:
    device = DeviceKind(row.device_kind) if row.device_kind else None
    return Heard(
        row.id, row.at, row.device_id, row.model_id, row.elder_id, row.home_id, row.division_code,
        measures(device, Kind(row.kind), row.measured), row.device_at,
    )  # fmt: skip


def readings(session: Session, district_id: int, ids: Collection[int]) -> Sequence[Heard]:
    """These readings in the order of their times."""
    rows = session.execute(
        select(*_COLUMNS)
        .outerjoin(Device, Device.id == Reading.device_id)
        .where(Reading.district_id == district_id, Reading.id.in_(ids))
        .order_by(Reading.at, Reading.id)
    )
    return [_heard(row) for row in rows]


def readings_of(
    session: Session,
    district_id: int,
    *,
    home_id: int,
    elder_id: int | None,
    since: datetime,
    until: datetime,
    history: bool = False,
) -> Sequence[Heard]:
    """Readings of a home, and with an elder named of hers alone and of what hangs in it; `since` is not included."""
    whose = Reading.elder_id.is_(None) if elder_id is None else func.coalesce(Reading.elder_id, elder_id) == elder_id
    statement = (
        select(*_COLUMNS)
        .outerjoin(Device, Device.id == Reading.device_id)
        .where(Reading.district_id == district_id, Reading.home_id == home_id, whose)
        .where(Reading.at > since, Reading.at <= until)
        .order_by(Reading.at, Reading.id)
    )
    return [_heard(row) for row in session.execute(statement if history else statement.where(~Reading.history))]


def page_of(
    session: Session,
    elder: Elder,
    *,
    since: datetime,
    until: datetime,
    after: tuple[datetime, int] | None,
    limit: int,
) -> tuple[Sequence[Heard], bool]:
    """A page of an elder's own readings, those of a device's memory too, and whether there are more."""
    alone = len(living(session, [elder.home_id])[elder.home_id]) == 1
    whose = Reading.elder_id == elder.id
    statement = (
        select(*_COLUMNS)
        .outerjoin(Device, Device.id == Reading.device_id)
        .where(Reading.district_id == elder.district_id, Reading.home_id == elder.home_id)
        .where(whose | Reading.elder_id.is_(None) if alone else whose)
        .where(Reading.kind.in_([Kind.VITALS, Kind.ACTIVITY, Kind.LOCATION, Kind.HEARTBEAT]))
        .where(Reading.at >= since, Reading.at < until)
        .order_by(Reading.at, Reading.id)
        .limit(limit + 1)
    )
    if after:
        statement = statement.where(tuple_(Reading.at, Reading.id) > after)
    rows = session.execute(statement).all()
    return [_heard(row) for row in rows[:limit]], len(rows) > limit


def readings_between(
    session: Session, district_id: int, home_ids: Collection[int], *, since: datetime, until: datetime
) -> Iterator[Heard]:
    """Readings of many homes from `since` on, before `until`."""
    rows = session.execute(
        select(*_COLUMNS)
        .outerjoin(Device, Device.id == Reading.device_id)
        .where(Reading.district_id == district_id, Reading.home_id.in_(home_ids), ~Reading.history)
        .where(Reading.at >= since, Reading.at < until)
        .execution_options(yield_per=5000)
    )
    return map(_heard, rows)


def living(session: Session, home_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
    """Who lives where."""
    found = defaultdict[int, list[int]](list)
    rows = session.execute(
        select(Elder.home_id, Elder.id).where(Elder.home_id.in_(home_ids), Elder.ended_at.is_(None)).order_by(Elder.id)
    )
    for home_id, elder_id in rows:
        found[home_id].append(elder_id)
    return found


def subject(elder_id: int | None, home_id: int, model_id: str | None = None) -> str:
    """Whose a state is; a model's rule watches each model by itself."""
    who = f"elder:{elder_id}" if elder_id else f"home:{home_id}"
    return f"{who}/{model_id}" if model_id else who
