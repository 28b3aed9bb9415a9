"""What proves a visit, how it is graded, and what stops a bath."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.db import transaction
from app.orders.rules import VisitState
from app.places.rules import Place
from app.planning.tables import Attendance
from app.visits import proof, proof_queries
from app.visits.actions import Reported
from app.visits.incident_rules import IncidentKind
from app.visits.proof_rules import (
    WORST_LAST,
    BadRules,
    EvidenceRules,
    Grade,
    Point,
    Proof,
    Sort,
    evidence_rules_of,
    graded,
)
from app.visits.proof_shapes import EvidenceOut
from app.visits.proof_tables import Incident, Subject, VisitGrade
from app.visits.reading_rules import (
    BadReading,
    ReadingKind,
    ReadingRules,
    ReadingVerdict,
    gate_of,
    reading_rules_of,
    values_of,
    verdict,
)
from app.visits.rules import Flaw, Outcome
from tests.app.visits.test_door import a_published, reported, send, state, whole
from tests.cast import CENTRE, DISTRICT, TEN, an_item

RULES = EvidenceRules()
PROOFS = st.builds(
    Proof, st.sampled_from(Sort), st.sampled_from(Point), st.sampled_from((1, 2, None)), st.just({})
)  # fmt: skip
TASKS = [
    {"code": "pressure", "zh": "测血压", "en": "Blood pressure", "evidence": "reading"},
    {"code": "wash", "zh": "擦洗", "en": "Wash", "evidence": "none"},
]
STROKES = [[[1, 2], [3, 4], [5, 9]]]


def grade(proofs: Sequence[Proof], *people: int) -> Grade:
    return graded(proofs, people or (1,), RULES, item_code="BATH").grade


@given(st.lists(PROOFS, max_size=12), PROOFS)
def test_more_proof_never_lowers_a_grade(proofs: list[Proof], more: Proof) -> None:
    before = graded(proofs, (1, 2), RULES, item_code="BATH")
    after = graded([*proofs, more], (1, 2), RULES, item_code="BATH")
    assert after.points >= before.points
    assert WORST_LAST.index(after.grade) <= WORST_LAST.index(before.grade)


@given(st.lists(PROOFS, max_size=12), st.randoms())
def test_the_order_of_proofs_says_nothing(proofs: list[Proof], rng: Any) -> None:
    mixed = rng.sample(proofs, len(proofs))
    assert graded(mixed, (1, 2), RULES, item_code="X").points == graded(proofs, (1, 2), RULES, item_code="X").points


@given(st.lists(PROOFS, max_size=12))
def test_what_counts_adds_up_and_nobody_there_proves_nothing(proofs: list[Proof]) -> None:
    found = graded(proofs, (1,), RULES, item_code="X")
    assert found.points <= sum(one.points for one in found.counted if one.counts)
    without = [one for one in proofs if one.sort not in {Sort.GPS, Sort.GPS_WIDE, Sort.TAG, Sort.BUTTON, Sort.CALL}]
    assert graded(without, (1,), RULES, item_code="X").grade is Grade.D


@given(st.lists(PROOFS, max_size=12))
def test_two_are_worth_what_the_less_proven_one_is(proofs: list[Proof]) -> None:
    both = graded(proofs, (1, 2), RULES, item_code="X").points
    assert both <= min(graded(proofs, (n,), RULES, item_code="X").points for n in (1, 2))


def test_a_tag_and_a_signature_prove_more_than_a_wide_circle() -> None:
    wide = [Proof(Sort.GPS_WIDE, Point.START, 1), Proof(Sort.GPS_WIDE, Point.FINISH, 1)]
    assert grade(wide) is Grade.C
    tags = [Proof(Sort.TAG, Point.START, 1), Proof(Sort.TAG, Point.FINISH, 1)]
    assert grade([*wide, *tags]) is Grade.B
    assert grade([*wide, *tags, Proof(Sort.SIGNED, Point.VISIT)]) is Grade.A
    assert grade(tags, 1, 2) is Grade.D


def test_rules_that_contradict_themselves_are_refused() -> None:
    assert evidence_rules_of(RULES.as_json()) == RULES
    assert evidence_rules_of({}) == RULES
    for said in ({"bounds": {"a": 10}}, {"points": {"gps": 200}}, {"fine_m": 1}, {"near_minutes": 0}):
        with pytest.raises(BadRules):
            evidence_rules_of(said)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((138, 82), ReadingVerdict.FINE), ((159, 99), ReadingVerdict.FINE), ((160, 82), ReadingVerdict.STOP),
        ((138, 100), ReadingVerdict.STOP), ((89, 60), ReadingVerdict.STOP), ((90, 60), ReadingVerdict.FINE),
    ],
)  # fmt: skip
def test_a_bath_stops_at_the_limit(values: tuple[int, int], found: ReadingVerdict) -> None:
    said = values_of(ReadingKind.BLOOD_PRESSURE, {"systolic": values[0], "diastolic": values[1]})
    assert verdict(said, ReadingRules()) is found


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("blood_pressure", {"systolic": 120}), ("blood_pressure", {"systolic": 82, "diastolic": 138}),
        ("blood_pressure", {"systolic": 999, "diastolic": 82}), ("temperature", {"temperature": "36"}),
        ("temperature", {"temperature": True}), ("glucose", {"glucose": 5.5, "systolic": 120}),
    ],
)  # fmt: skip
def test_what_no_device_shows_is_no_reading(kind: str, values: dict[str, Any]) -> None:
    with pytest.raises(BadReading):
        values_of(ReadingKind(kind), values)


def test_only_a_bath_is_guarded_and_only_by_her_body() -> None:
    rules = reading_rules_of(ReadingRules().as_json())
    assert rules == ReadingRules()
    assert gate_of(TASKS, "bathing", rules) == ("pressure", ["wash"])
    assert gate_of(TASKS, "cleaning", rules) is None
    assert gate_of([{"code": "water", "evidence": "reading"}], "bathing", rules) is None


def last_grade(session: Session, visit_id: int) -> VisitGrade:
    found = proof_queries.grade_of(session, visit_id)
    assert found is not None
    return found


def pressure(mine: Attendance, systolic: int, minutes: int) -> Reported:
    values = {"systolic": systolic, "diastolic": 82}
    data = {"kind": "blood_pressure", "values": values, "task": "pressure"}
    return reported("reading", mine, TEN + timedelta(minutes=minutes), place=None, data=data)


def test_the_grade_is_kept_with_what_it_rests_on(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        signed = reported("signature", mine, TEN + timedelta(minutes=58), data={"how": "signed", "strokes": STROKES})
        *before, finish = whole(mine)
        send(session, mine.caregiver_id, *before, pressure(mine, 138, 4), signed, finish)
        assert state(visit) is VisitState.VERIFIED
        kept = last_grade(session, visit.id)
        assert (kept.grade, kept.points, kept.rules_version) == (Grade.A, 100, 0)
        proofs = {(one["sort"], one["point"]): one["points"] for one in kept.explained["proofs"]}
        assert proofs == {
            ("gps", "start"): 30, ("gps", "finish"): 30, ("tasks", "visit"): 10, ("reading", "visit"): 10,
            ("signed", "visit"): 20,
        }  # fmt: skip
        assert [one["facts"] for one in kept.explained["proofs"] if one["sort"] == "reading"] == [
            {"kind": "blood_pressure"}
        ]


def test_what_is_proven_too_weakly_is_held_and_not_paid(database: Engine) -> None:
    today = date(2026, 11, 1)
    with transaction() as session:
        proof.set_rules(
            session, DISTRICT, Subject.EVIDENCE, {"least": {"BATHING": "a"}}, starts=today, by="周敏",
            now=TEN - timedelta(days=22),
        )  # fmt: skip
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        assert state(visit) is VisitState.HELD
        assert visit.reason == Flaw.WEAK_PROOF
        assert last_grade(session, visit.id).grade is Grade.B
        signed = reported("signature", mine, TEN + timedelta(minutes=70), data={"how": "signed", "strokes": STROKES})
        send(session, mine.caregiver_id, signed)  # out of her outbox, an hour late
        assert last_grade(session, visit.id).grade is Grade.A
        assert state(visit) is VisitState.VERIFIED


def test_changed_rules_do_not_grade_the_past_anew(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        strict = {"points": {"gps": 0, "tasks": 0}}
        with pytest.raises(proof.NotRetroactive):
            proof.set_rules(
                session, DISTRICT, Subject.EVIDENCE, strict, starts=TEN.date() - timedelta(days=1), by="周敏", now=TEN
            )
        proof.set_rules(session, DISTRICT, Subject.EVIDENCE, strict, starts=TEN.date(), by="周敏", now=TEN)
        late = reported("signature", mine, TEN + timedelta(minutes=58), data={"how": "refused", "reason": "tired"})
        send(session, mine.caregiver_id, late)
        kept = last_grade(session, visit.id)
        assert (kept.grade, kept.rules_version) == (Grade.B, 0)
        assert session.scalar(select(func.count()).where(VisitGrade.visit_id == visit.id)) == 2


def test_a_reading_beyond_its_limit_stops_the_bath_and_the_desk_hears(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session, item=an_item(session, "BATH2", tasks=TASKS))
        *before, finish = whole(mine)
        washed = reported("task", mine, TEN + timedelta(minutes=20), data={"task": "wash", "outcome": "done"})
        send(session, mine.caregiver_id, *before, pressure(mine, 182, 5))
        (incident,) = session.scalars(select(Incident))
        assert (incident.kind, incident.words) == (IncidentKind.STOPPED, "systolic 182 mmHg, diastolic 82 mmHg")
        send(session, mine.caregiver_id, washed, finish)
        assert state(visit) is VisitState.HELD
        assert visit.reason == Flaw.STOP_IGNORED


def test_a_better_reading_after_a_rest_lets_the_bath_begin(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session, item=an_item(session, "BATH2", tasks=TASKS))
        *before, finish = whole(mine)
        washed = reported("task", mine, TEN + timedelta(minutes=25), data={"task": "wash", "outcome": "done"})
        send(session, mine.caregiver_id, *before, pressure(mine, 165, 5), pressure(mine, 148, 21), washed, finish)
        assert state(visit) is VisitState.VERIFIED


def test_the_tag_at_the_home_proves_what_a_phone_without_a_fix_cannot(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        tag = proof.issue_tag(session, visit.home_id, by="周敏", now=TEN - timedelta(days=2))
        tokens = {
            1: proof_queries.tag_token(DISTRICT, visit.home_id, tag.issue),
            59: proof_queries.typed_code(DISTRICT, visit.home_id, tag.issue),  # the code is torn since
        }
        steps = [reported(e.kind, mine, e.at, place=None, data=e.data) for e in whole(mine)]
        ends = [
            reported("tag", mine, TEN + timedelta(minutes=m), place=None, data={"token": said})
            for m, said in tokens.items()
        ]
        told = send(session, mine.caregiver_id, *steps[:-1], *ends, steps[-1])
        assert {one.outcome for one in told} == {Outcome.ACCEPTED}
        assert state(visit) is VisitState.VERIFIED
        assert last_grade(session, visit.id).grade is Grade.A


def test_a_tag_of_another_home_or_one_that_was_replaced_proves_nothing(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        old = proof.issue_tag(session, visit.home_id, by="周敏", now=TEN - timedelta(days=2))
        proof.issue_tag(session, visit.home_id, by="周敏", now=TEN - timedelta(days=1))
        for token in (
            proof_queries.tag_token(DISTRICT, visit.home_id, old.issue),
            proof_queries.tag_token(DISTRICT, visit.home_id + 1, 2), "", "1.1", None, "一.1.x", 5,
            proof_queries.tag_token(DISTRICT, visit.home_id, 2)[:-1] + "x",
            proof_queries.typed_code(DISTRICT, visit.home_id, old.issue),
            proof_queries.typed_code(DISTRICT, visit.home_id + 1, 2), "00000000", "零零零零零零零零",
        ):  # fmt: skip
            (told,) = send(session, mine.caregiver_id, reported("tag", mine, data={"token": token}))
            assert told.problem == "wrong_tag"


def test_a_circle_that_does_not_touch_the_home_is_held_whatever_else_is_proven(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        away = Place(CENTRE.lat + 0.05, CENTRE.lon, accuracy_m=20)
        steps = [reported(e.kind, mine, e.at, place=away, data=e.data) for e in whole(mine)]
        send(session, mine.caregiver_id, *steps)
        assert visit.reason == Flaw.OUTSIDE
        assert last_grade(session, visit.id).grade is Grade.D


def test_an_incident_is_told_once_however_often_it_is_sent(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        fell = reported("incident", mine, data={"kind": "fall", "note": "在卫生间滑倒"})
        send(session, mine.caregiver_id, fell)
        send(session, mine.caregiver_id, fell)
        (incident,) = session.scalars(select(Incident))
        assert (incident.kind, incident.words) == (IncidentKind.FALL, "在卫生间滑倒")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("incident", {"kind": ["fall"], "note": 5}), ("incident", {}), ("signature", {"how": []}),
        ("signature", {"how": "signed", "strokes": [[10**400, "x"], 3]}), ("reading", {"kind": [], "values": 5}),
        ("reading", {"kind": "pulse", "values": {"pulse": float("inf")}}), ("tag", {"token": {}}), ("where", {}),
    ],
)  # fmt: skip
def test_whatever_a_phone_says_is_kept_and_breaks_nothing(database: Engine, kind: str, data: dict[str, Any]) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, reported(kind, mine, data=data))
        shown = EvidenceOut.read(session, visit, full=True)
        assert shown.readings == [] and [one.strokes for one in shown.signatures] in ([], [[[]]])
