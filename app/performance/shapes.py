"""What the page of figures is answered."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from app.equipment.exchanging import Task
from app.equipment.rules import DeviceKind
from app.equipment.upkeep_rules import Upkeep
from app.performance.load import Bucket
from app.performance.queries import ClockRow, Late, Spread
from app.performance.rules import By, Clock, Promise, Steps, share
from app.performance.staffing import PROMISED, Staffing
from app.performance.wolves import Way, Wolf


class SpreadOut(BaseModel):
    """A clock: percentiles in seconds."""

    count: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    within: dict[int, int]

    @classmethod
    def of(cls, spread: Spread) -> "SpreadOut":
        """As stored."""
        return cls(**vars(spread))


class FigureRow(BaseModel):
    """A group of alarms and its clocks."""

    key: str
    name: str
    alarms: int
    unanswered: int
    false: int
    judged: int
    false_share: float | None
    clocks: dict[Clock, SpreadOut]

    @classmethod
    def of(cls, row: ClockRow, *, name: str | None = None) -> "FigureRow":
        """With its share of false alarms."""
        clocks = {clock: SpreadOut.of(spread) for clock, spread in row.clocks.items()}
        told = vars(row) | {"clocks": clocks, "name": name or row.name}
        return cls(**told, false_share=share(row.false, row.judged))


class PromiseOut(BaseModel):
    """What somebody promises, and how it went here."""

    who: str
    clock: Clock
    within: int
    share: float
    source: str
    ours: bool
    reached: float | None  # the share; nothing where the clock never ran
    kept: bool | None

    @classmethod
    def of(cls, promise: Promise, row: ClockRow | None, *, ours: bool = False) -> "PromiseOut":
        """Beside what happened."""
        spread = row.clocks[promise.clock] if row else None
        reached = share(spread.within[promise.within], spread.count) if spread else None
        kept = None if reached is None else reached >= promise.share
        return cls(**vars(promise), ours=ours, reached=reached, kept=kept)


class GivenOut(BaseModel):
    """What came to nothing."""

    hotline_calls: int
    hung_up: int
    idle_claims: int
    ringing: int


class TargetsOut(BaseModel):
    """The district's own targets: seconds and share, rising, for each clock."""

    version: int
    targets: dict[Clock, list[list[float]]]

    @classmethod
    def of(cls, version: int, targets: Mapping[Clock, Steps]) -> "TargetsOut":
        """As stored."""
        return cls(version=version, targets={clock: [list(step) for step in steps] for clock, steps in targets.items()})


class FiguresOut(BaseModel):
    """A period at a glance."""

    first: date
    last: date
    all: FigureRow | None
    before: FigureRow | None  # the period of the same length before
    by_day: list[FigureRow]
    promises: list[PromiseOut]
    targets: TargetsOut
    given: GivenOut
    open_by_age: list[int]  # under 1, 5, 30, 120 minutes, and older
    devices: int
    untested: int
    blind_share: float | None
    blind_minutes: int
    anchor: str | None  # the digest of the last anchor of the alarms' logs
    anchored_at: datetime | None
    server_time: datetime


class FigureGroups(BaseModel):
    """The same figures, told apart."""

    by: By
    items: list[FigureRow]


class LateOut(BaseModel):
    """Somebody waited more than three minutes for a human; names only for those who need them."""

    alarm_id: int
    kind: str
    raised_at: datetime
    answered_at: datetime | None
    waited: float
    elder_name: str | None
    community: str | None
    operator: str | None
    verdict: str | None
    events: list[str]

    @classmethod
    def of(cls, late: Late, *, elder: str | None, operator: str | None) -> "LateOut":
        """With the names this reader may see."""
        return cls(**vars(late) | {"elder_name": elder, "operator": operator})


class Exceptions(BaseModel):
    """The exception report."""

    over: int
    items: list[LateOut]


class BucketOut(BaseModel):
    """Ten minutes with more alarms than those on duty could do well."""

    at: datetime
    alarms: int
    operators: int

    @classmethod
    def of(cls, bucket: Bucket) -> "BucketOut":
        """As counted."""
        return cls(**vars(bucket))


class LoadOut(BaseModel):
    """What came at once, and upon how many."""

    average: float | None  # alarms an operator in ten minutes of duty
    bearable: int
    flood_over: int
    busiest: BucketOut | None
    floods: list[BucketOut]
    week: list[list[float]]  # Monday to Sunday, 144 ten minutes each: alarms on an average such day


class ExchangeOut(BaseModel):
    """An exchange that was asked for, on the technical list."""

    asked_by: str
    since: datetime
    due_at: datetime
    overdue: bool
    state: Upkeep
    claimed_name: str | None

    @classmethod
    def of(cls, task: Task, *, now: datetime, named: bool) -> "ExchangeOut":
        """With the names only for those who lead or supervise."""
        told = {name: value for name, value in vars(task).items() if name in cls.model_fields}
        late = task.state in (Upkeep.WAITING, Upkeep.CLAIMED) and task.due_at < now
        shown = told if named else told | {"asked_by": "", "claimed_name": None}
        return cls(**shown, overdue=late)


class WolfOut(BaseModel):
    """A device that called for nothing."""

    device_id: int
    wire_id: str
    model: str
    kind: DeviceKind
    alarms: int
    false: int
    week: int  # false ones of the last seven days
    too_often: bool
    false_share: float | None
    exchange: ExchangeOut | None
    possible: list[Literal["exchange"]]

    @classmethod
    def of(cls, wolf: Wolf, task: Task | None, *, now: datetime, leads: bool) -> "WolfOut":
        """With the button for whoever may ask for an exchange."""
        told = {name: value for name, value in vars(wolf).items() if name in cls.model_fields}
        return cls(
            **told, too_often=wolf.too_often, false_share=share(wolf.false, wolf.alarms),
            exchange=ExchangeOut.of(task, now=now, named=leads) if task else None,
            possible=["exchange"] if leads and wolf.can_be_exchanged and task is None else [],
        )  # fmt: skip


class WayOut(BaseModel):
    """All devices of a model, or of a kind where no model is named."""

    kind: DeviceKind
    model: str | None
    devices: int
    alarms: int
    false: int
    false_share: float | None

    @classmethod
    def of(cls, way: Way) -> "WayOut":
        """As counted."""
        return cls(**vars(way), false_share=share(way.false, way.alarms))


class FalseAlarms(BaseModel):
    """Devices by how often they called for nothing, and the same by model and by kind."""

    items: list[WolfOut]
    ways: list[WayOut]


class HourOut(BaseModel):
    """An hour of the day: what comes, how many should be there, what they then promise."""

    hour: int
    alarms: float  # an hour, on average
    peak: float  # an hour, of the busiest tenth of such hours: what is staffed for
    on_duty: float  # operators there, on average
    operators: int
    within: list[float]
    formula: list[float]
    busy: float

    @classmethod
    def of(cls, hour: int, alarms: float, peak: float, on_duty: float, found: Staffing) -> "HourOut":
        """As simulated."""
        return cls(
            hour=hour, alarms=alarms, peak=peak, on_duty=on_duty, operators=found.operators,
            within=list(found.waits.within), formula=list(found.formula), busy=found.waits.busy,
        )  # fmt: skip


class StaffingOut(BaseModel):
    """How many operators each hour should have."""

    days: int
    handling: float  # seconds, mean
    spread: float
    own: bool  # whether the handling times are the district's own
    promised: list[list[float]] = [list(one) for one in PROMISED]
    hours: list[HourOut]
