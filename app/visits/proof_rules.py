"""The evidence grade of a visit: what was proven, how, how surely. A pure sum by open rules; more never lowers it.

Each caregiver who had to come is proven to have been there at the start and at the end (the best proof of each end
counts), and what the visit itself left behind (tasks, readings, a signature, photos) is added. The visit is worth what
is proven of the least proven caregiver. Points and bounds are estimates; a district's own stand in `proof_settings`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.errors import Unreadable


class Sort(StrEnum):
    """By what something is proven."""

    GPS = "gps"  # a circle that touches the home, well known
    GPS_WIDE = "gps_wide"  # a circle that touches it and is too wide to say more
    TAG = "tag"  # the signed tag at the home was read
    BUTTON = "button"  # the elder pressed her button, and the desk asked what it was
    CALL = "call"  # spoken with the hotline from the elder's own number
    TASKS = "tasks"  # everything agreed was told of
    READING = "reading"
    PHOTO = "photo"
    SIGNED = "signed"  # by the elder
    PROXY = "proxy"  # by somebody for her
    REFUSED = "refused"  # she would not sign; said, and worth nothing


class Point(StrEnum):
    """What is proven."""

    START = "start"
    FINISH = "finish"
    VISIT = "visit"


class Grade(StrEnum):
    """How well a visit is proven; D is not proven."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


WORST_LAST: Final = tuple(Grade)
PRESENCE: Final = frozenset({Sort.GPS, Sort.GPS_WIDE, Sort.TAG, Sort.BUTTON, Sort.CALL})
SIGNATURES: Final = frozenset({Sort.SIGNED, Sort.PROXY, Sort.REFUSED})
MOST_POINTS: Final = 100


class BadRules(Unreadable):
    """A value is out of its bounds."""


@dataclass(frozen=True)
class Proof:
    """One proof: of what, of whom (nobody: of the visit as a whole), with the figures a sentence needs."""

    sort: Sort
    point: Point
    attendance_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EvidenceRules:
    """Points by sort, the least points of a grade, the least grade that is paid by item code (`default` else)."""

    points: Mapping[Sort, int] = field(
        default_factory=lambda: {
            Sort.GPS: 30, Sort.GPS_WIDE: 15, Sort.TAG: 35, Sort.BUTTON: 35, Sort.CALL: 15, Sort.TASKS: 10,
            Sort.READING: 10, Sort.PHOTO: 10, Sort.SIGNED: 20, Sort.PROXY: 12, Sort.REFUSED: 0,
        }
    )  # fmt: skip
    bounds: Mapping[Grade, int] = field(default_factory=lambda: {Grade.A: 80, Grade.B: 55, Grade.C: 30})
    least: Mapping[str, Grade] = field(default_factory=lambda: {"default": Grade.C})
    fine_m: int = 100  # a circle no wider than this is well known
    near_minutes: int = 15  # a tag or press no further than this from check-in or check-out proves that end

    def least_for(self, item_code: str) -> Grade:
        """The least grade on which a visit of this item is paid without a person looking."""
        return self.least.get(item_code, self.least.get("default", Grade.D))

    def as_json(self) -> dict[str, Any]:
        """As `evidence_rules_of` reads it."""
        return {
            "points": {sort.value: points for sort, points in self.points.items()},
            "bounds": {grade.value: bound for grade, bound in self.bounds.items()},
            "least": {item: grade.value for item, grade in self.least.items()}, "fine_m": self.fine_m,
            "near_minutes": self.near_minutes,
        }  # fmt: skip


def evidence_rules_of(said: Mapping[str, Any]) -> EvidenceRules:
    """Rules out of JSON; what is not named keeps its first setting. Raises BadRules."""
    first = EvidenceRules()
    points = dict(first.points) | {Sort(sort): int(n) for sort, n in dict(said.get("points", {})).items()}
    for sort, worth in points.items():
        if not 0 <= worth <= MOST_POINTS:
            raise BadRules(f"{sort} is worth between 0 and {MOST_POINTS} points.", field=sort)
    bounds = dict(first.bounds) | {Grade(grade): int(n) for grade, n in dict(said.get("bounds", {})).items()}
    if not bounds[Grade.A] > bounds[Grade.B] > bounds[Grade.C] > 0:
        raise BadRules("Grade A asks for more than B, B for more than C, and C for something.", field="bounds")
    least = dict(first.least) | {str(item): Grade(grade) for item, grade in dict(said.get("least", {})).items()}
    fine_m = int(said.get("fine_m", first.fine_m))
    if not 10 <= fine_m <= 1000:
        raise BadRules("A well known circle has between 10 and 1000 metres.", field="fine_m")
    near = int(said.get("near_minutes", first.near_minutes))
    if not 1 <= near <= 60:
        raise BadRules("Near means within the hour.", field="near_minutes")
    return EvidenceRules(points, {grade: bounds[grade] for grade in (Grade.A, Grade.B, Grade.C)}, least, fine_m, near)


@dataclass(frozen=True)
class Counted:
    """A proof and what it was worth; nothing where a better one proves the same."""

    proof: Proof
    points: int
    counts: bool


@dataclass(frozen=True)
class Graded:
    """A grade with everything it rests on."""

    grade: Grade
    points: int
    least: Grade
    counted: tuple[Counted, ...]

    @property
    def payable(self) -> bool:
        """Whether the rules let it be paid without a person looking."""
        return WORST_LAST.index(self.grade) <= WORST_LAST.index(self.least)


def graded(proofs: Iterable[Proof], attendance_ids: Sequence[int], rules: EvidenceRules, *, item_code: str) -> Graded:
    """The grade of a visit; `attendance_ids` are those who had to come. Nobody: nothing is proven."""
    best: dict[tuple[int | None, str], Proof] = {}
    given = list(proofs)
    for proof in given:
        key = _key(proof)
        if key not in best or rules.points[proof.sort] > rules.points[best[key].sort]:
            best[key] = proof
    chosen = {id(proof) for proof in best.values()}
    counted = tuple(Counted(p, rules.points[p.sort], id(p) in chosen) for p in given)
    own, shared = dict.fromkeys(attendance_ids, 0), 0
    for one in counted:
        if one.counts and one.proof.sort not in PRESENCE:
            shared += one.points
        elif one.counts and one.proof.attendance_id in own and one.proof.point is not Point.VISIT:
            own[one.proof.attendance_id] += one.points
    there = min(own.values(), default=0)
    points = there + shared if there else 0  # nobody's presence is proven by a photo
    grade = next((g for g in (Grade.A, Grade.B, Grade.C) if points >= rules.bounds[g]), Grade.D)
    return Graded(grade, points, rules.least_for(item_code), counted)


def _key(proof: Proof) -> tuple[int | None, str]:
    """What is proven once only: an end of somebody's stay, that she signed, that something was measured …"""
    if proof.sort in PRESENCE:
        return proof.attendance_id, proof.point
    return None, "signature" if proof.sort in SIGNATURES else proof.sort
