"""Who calls for nothing: devices, models and kinds of device by their false alarms, and which should be exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.alarms.model_statistics import FALSE_IN, TOO_MANY
from app.equipment import exchanging
from app.equipment.exchanging import Task
from app.equipment.rules import DeviceKind, DeviceState
from app.performance.queries import Period

SHOWN: Final = 50
FALSELY: Final = "count(*) filter (where a.verdict in ('false', 'accidental'))"
JUDGED: Final = "count(*) filter (where a.verdict <> 'test')"
FROM: Final = """
    from alarms a join devices d on d.id = a.device_id join device_models m on m.id = d.model_id
    where a.district_id = :district and a.test_id is null and a.verdict is not null
        and a.raised_at >= :first and a.raised_at < :past
"""
BY_DEVICE: Final = text(
    f"""
    select d.id, d.wire_id, m.name, m.kind, d.state, {JUDGED}, {FALSELY},
        (select count(*) from alarms w where w.device_id = d.id and w.verdict in ('false', 'accidental')
            and w.test_id is null and w.raised_at >= :week and w.raised_at < :now)
    {FROM} group by d.id, d.wire_id, m.name, m.kind, d.state having {FALSELY} > 0
    order by 8 desc, 7 desc, 6, 1 limit :shown
    """
)
BY_WAY: Final = text(
    f"""
    select m.kind, m.name, count(distinct d.id), {JUDGED}, {FALSELY} {FROM}
    group by grouping sets ((m.kind), (m.kind, m.id, m.name)) order by 5 desc, 4, 1, 2
    """
)


@dataclass(frozen=True)
class Wolf:
    """A device and how often it called for nothing: in the period, and in the last seven days."""

    device_id: int
    wire_id: str
    model: str
    kind: DeviceKind
    state: DeviceState
    alarms: int  # with a verdict that is no test
    false: int
    week: int

    @property
    def too_often(self) -> bool:
        """Three in seven days: it should be exchanged. It rings all the same."""
        return self.week >= TOO_MANY

    @property
    def can_be_exchanged(self) -> bool:
        """Whether there is a device in a home to exchange."""
        return self.state is DeviceState.ACTIVE


@dataclass(frozen=True)
class Way:
    """All devices of a model, or of a kind where no model is named."""

    kind: DeviceKind
    model: str | None
    devices: int  # that called at all
    alarms: int
    false: int


def wolves(session: Session, period: Period) -> Sequence[tuple[Wolf, Task | None]]:
    """The worst devices of a period, each with the exchange that was asked for."""
    asked = {**period.asked, "week": period.now - FALSE_IN, "shown": SHOWN}
    found = []
    for number, wire_id, model, kind, state, *counts in session.execute(BY_DEVICE, asked):
        found.append(Wolf(number, wire_id, model, DeviceKind(kind), DeviceState(state), *counts))
    tasks = exchanging.open_of(session, [one.device_id for one in found])
    return [(one, tasks.get(one.device_id)) for one in found]


def ways(session: Session, period: Period) -> Sequence[Way]:
    """The same by model and by kind."""
    return [Way(DeviceKind(kind), *rest) for kind, *rest in session.execute(BY_WAY, period.asked)]
