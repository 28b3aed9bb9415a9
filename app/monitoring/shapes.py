"""What the screens are told of rules and vitals."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from app.access.queries import Caller
from app.access.rules import PLANNERS
from app.equipment.measures import Metric
from app.monitoring.charts import Curve, Drawn
from app.monitoring.rules import PauseReason, RuleKind, VersionEvent, VersionState, possible
from app.monitoring.tables import MonitoringRule, RuleVersion


def may_change(me: Caller, elder_id: int | None) -> bool:
    """Planners change an elder's rules; those for everybody and for models, only with the whole district in hand."""
    return me.role in PLANNERS and (elder_id is not None or len(me.scope.area) <= 6)


class FiringOut(BaseModel):
    """When a version would have fired, whose it was, and the readings that would have caused it."""

    elder_id: int | None
    home_id: int
    at: datetime
    since: datetime | None
    cause: list[dict[str, Any]]


class RealAlarm(BaseModel):
    """What really rang, and what it turned out to be."""

    id: int
    kind: str
    at: datetime
    verdict: str | None
    elder_id: int | None
    home_id: int | None


class PreviewOut(BaseModel):
    """A version over the last days beside what is in force; of many homes, of an even sample of them."""

    since: datetime
    until: datetime
    homes: int
    sampled: int
    readings: int
    firings: list[FiringOut]
    count: int
    a_week: float
    present: list[FiringOut]
    present_count: int
    present_a_week: float
    alarms: list[RealAlarm]


class VersionOut(BaseModel):
    """One version of a rule: what it asks, from when to when, whose hand."""

    id: int
    rule_id: int
    kind: RuleKind
    elder_id: int | None
    model_id: str | None
    n: int
    state: VersionState
    off: bool
    params: dict[str, Any]
    note: str | None
    made_at: datetime
    made_by: str
    previewed_at: datetime | None
    active_from: datetime | None
    active_until: datetime | None
    possible: list[VersionEvent]
    preview: PreviewOut | None = None

    @classmethod
    def of(cls, rule: MonitoringRule, version: RuleVersion, me: Caller, *, whole: bool = False) -> "VersionOut":
        """As this caller sees it; the preview only where it is asked for."""
        kept = version.preview if whole and version.preview and "since" in version.preview else None
        return cls(
            id=version.id, rule_id=rule.id, kind=rule.kind, elder_id=rule.elder_id, model_id=rule.model_id,
            n=version.n, state=version.state, off=version.off, params=version.params, note=version.note,
            made_at=version.made_at, made_by=version.made_by, previewed_at=version.previewed_at,
            active_from=version.active_from, active_until=version.active_until,
            possible=possible(version.state) if may_change(me, rule.elder_id) else [],
            preview=PreviewOut(**kept) if kept else None,
        )  # fmt: skip


class PauseOut(BaseModel):
    """Why and since when nobody expects to hear of her."""

    reason: PauseReason
    starts_at: datetime
    ends_at: datetime | None
    by: str


class RulesOut(BaseModel):
    """Rules with all their versions, the latest first; for an elder those of everybody and of her models too."""

    items: list[VersionOut]
    in_force: list[int]  # the versions that hold for her
    pause: PauseOut | None
    may_change: bool


class DraftIn(BaseModel):
    """A new version: the parameters of its kind, or expressly none (`off`)."""

    kind: RuleKind
    params: dict[str, Any]
    off: bool = False
    note: str | None = Field(None, max_length=500)


class WideDraftIn(DraftIn):
    """For all devices of a model, or for everybody."""

    model_id: str | None = None


class PauseIn(BaseModel):
    """Why she is not at home, and until when if that is known."""

    reason: PauseReason
    until: AwareDatetime | None = None


class CurvePoint(BaseModel):
    """A single reading, where all three are alike, or an hour or day of them."""

    at: datetime
    least: float
    mean: float
    most: float


class LatestOut(BaseModel):
    """The last single reading."""

    at: datetime
    value: float


class CurveOut(BaseModel):
    """One measure; points further apart than the gap are not joined."""

    metric: Metric
    points: list[CurvePoint]
    gap_seconds: int
    latest: LatestOut | None
    doubted: int
    low: float | None
    high: float | None


class CellOut(BaseModel):
    """How much of a stretch: 0 to 1."""

    at: datetime
    share: float


class StripOut(BaseModel):
    """Movement, bed or door over time; what is not there was not measured."""

    metric: Metric
    cells: list[CellOut]


class StepsOut(BaseModel):
    """Steps of a local day."""

    day: date
    steps: int


class MarkOut(BaseModel):
    """An alarm on the time axis."""

    id: int
    kind: str
    at: datetime
    verdict: str | None


class FixOut(BaseModel):
    """Where she was last."""

    at: datetime
    lat: float
    lon: float
    accuracy_m: float


class VitalsOut(BaseModel):
    """All that is drawn of one elder."""

    since: datetime
    until: datetime
    curves: list[CurveOut]
    strips: list[StripOut]
    cell_seconds: int
    steps: list[StepsOut]
    alarms: list[MarkOut]
    fence: dict[str, Any] | None
    fix: FixOut | None

    @classmethod
    def of(cls, drawn: Drawn) -> "VitalsOut":
        """As the screens see it."""
        fix = drawn.fix
        return cls(
            since=drawn.since, until=drawn.until, curves=[_curve(curve) for curve in drawn.curves],
            strips=[
                StripOut(metric=metric, cells=[CellOut(at=cell.at, share=cell.share) for cell in cells])
                for metric, cells in drawn.strips.items()
            ],
            cell_seconds=drawn.cell_seconds, steps=[StepsOut(day=day, steps=steps) for day, steps in drawn.steps],
            alarms=[MarkOut(id=n, kind=kind, at=at, verdict=verdict) for n, kind, at, verdict in drawn.alarms],
            fence=drawn.fence.model_dump(mode="json") if drawn.fence else None,
            fix=FixOut(at=fix[0], lat=fix[1], lon=fix[2], accuracy_m=fix[3]) if fix else None,
        )  # fmt: skip


def _curve(curve: Curve) -> CurveOut:
    return CurveOut(
        metric=curve.metric, gap_seconds=curve.gap_seconds, doubted=curve.doubted, low=curve.low, high=curve.high,
        points=[CurvePoint(at=at, least=least, mean=mean, most=most) for at, least, mean, most in curve.points],
        latest=LatestOut(at=curve.latest[0], value=curve.latest[1]) if curve.latest else None,
    )  # fmt: skip
