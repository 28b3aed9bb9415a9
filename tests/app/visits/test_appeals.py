"""A caregiver's appeal: made in time, decided by somebody else, and the pay is safe while it is open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from app.access.rules import Role
from app.db import transaction
from app.errors import CareError, IllegalMove
from app.funding import actions as funding
from app.funding import queries as money
from app.funding.tables import Entitlement
from app.orders import queries as order_queries
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.planning.tables import Attendance
from app.visits import appeals, partial, review
from app.visits.appeal_rules import AppealState, CannotAppeal, SamePerson
from app.visits.rules import AppealOpen, Cause, NotDelivered, NotMatched, Resolution
from app.visits.tables import Correction
from app.visits.terms_rules import PartRule, part_of, share_of_minutes, share_of_tasks
from tests.app.settlement.story import a_done_visit
from tests.app.visits.test_door import a_held, a_published, send, whole
from tests.cast import TEN, an_elder, an_entitlement
from tests.clients import Client, ok

SOON = TEN + timedelta(hours=4)


def a_doubted(free: int = 26_000, minutes: int = 40) -> tuple[int, int, int, int]:
    """A held visit of 100 yuan out of an allowance: visit, attendance, caregiver, entitlement."""
    with transaction() as session:
        elder = an_elder(session)
        entitlement_id = an_entitlement(session, elder, free=free)
        visit = a_done_visit(session, elder, minutes=minutes, verified=False)
        from app.planning import queries as planning
        from app.visits import actions

        (mine,) = planning.had_to_come(session, visit.id)
        actions.rejudge(session, visit, now=TEN + timedelta(hours=1))
        return visit.id, mine.id, mine.caregiver_id, entitlement_id


def captured(visit_id: int) -> int:
    with transaction() as session:
        visit = session.get_one(Visit, visit_id)
        assert order_queries.verify_ledger(session) == []
        return sum(cents for _, cents in money.captured_for(session, visit)) + money.owed_for(session, visit)


def test_what_is_held_is_appealed_and_only_the_appeal_decides(database: Engine) -> None:
    visit_id, attendance_id, caregiver_id, _ = a_doubted()
    with transaction() as session:
        appeal = appeals.raise_one(session, attendance_id, caregiver_id, words="老人提前让我走", by="刘洁", now=SOON)
        for act in (review.reject, review.verify, review.verify_part):
            with pytest.raises(AppealOpen):
                act(session, visit_id, by="desk", now=SOON, reason="no")
        appeals.uphold(session, appeal.id, answer="电话核实属实", by="desk", now=SOON)
        assert appeal.state is AppealState.UPHELD
        assert session.get_one(Visit, visit_id).state is VisitState.VERIFIED
    assert captured(visit_id) == 10_000


def test_a_rejected_visit_counts_again_and_what_was_spent_meanwhile_the_budget_pays(database: Engine) -> None:
    visit_id, attendance_id, caregiver_id, entitlement_id = a_doubted(free=10_000)
    with transaction() as session:
        review.reject(session, visit_id, by="王 (wang)", now=SOON, reason="too short")
        funding.adjust(session, entitlement_id, -10_000, by="test", now=SOON, reason="spent on something else")
    with transaction() as session:
        appeal = appeals.raise_one(session, attendance_id, caregiver_id, words="手机没电了", by="刘洁", now=SOON)
        with pytest.raises(SamePerson):
            appeals.dismiss(session, appeal.id, answer="no", by="王 (wang)", now=SOON)
        appeals.uphold(session, appeal.id, answer="家属证实", by="李 (li)", now=SOON)
        entitlement = session.get_one(Entitlement, entitlement_id, populate_existing=True)
        assert (entitlement.captured_cents, entitlement.free_cents, entitlement.granted_cents) == (10_000, 0, 10_000)
    assert captured(visit_id) == 10_000


def test_a_part_is_paid_pro_rata_and_an_appeal_makes_it_whole(database: Engine) -> None:
    visit_id, attendance_id, caregiver_id, entitlement_id = a_doubted()
    with transaction() as session:
        review.verify_part(session, visit_id, by="王 (wang)", now=SOON, reason="提前离开")
        entitlement = session.get_one(Entitlement, entitlement_id)
        assert (entitlement.captured_cents, entitlement.reserved_cents, entitlement.free_cents) == (6_667, 0, 19_333)
    assert captured(visit_id) == 6_667
    with transaction() as session:
        appeal = appeals.raise_one(session, attendance_id, caregiver_id, words="一直在", by="刘洁", now=SOON)
        appeals.uphold(session, appeal.id, answer="监控可见", by="李 (li)", now=SOON)
        part = partial.last_of(session, visit_id)
        assert part is not None and (part.given, part.whole) == (1, 1)
    assert captured(visit_id) == 10_000


def test_dismissed_what_was_held_is_rejected_with_it(database: Engine) -> None:
    visit_id, attendance_id, caregiver_id, entitlement_id = a_doubted()
    with transaction() as session:
        appeal = appeals.raise_one(session, attendance_id, caregiver_id, words="我来过了", by="刘洁", now=SOON)
        appeals.dismiss(session, appeal.id, answer="无人看见", by="desk", now=SOON)
        assert session.get_one(Visit, visit_id).state is VisitState.NOT_DELIVERED
        assert session.get_one(Entitlement, entitlement_id).free_cents == 26_000
        with pytest.raises(IllegalMove):
            appeals.uphold(session, appeal.id, answer="yes", by="another", now=SOON)
        with pytest.raises(CannotAppeal):
            appeals.raise_one(session, attendance_id, caregiver_id, words="再说一次", by="刘洁", now=SOON)


@pytest.mark.parametrize("rejected", [False, True])
def test_whoever_upholds_says_when_she_left_or_pays_nobody(database: Engine, rejected: bool) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine)[:-1])
        review.hold_overdue(session, visit.id, now=TEN + timedelta(hours=8))
        visit_id, attendance_id, caregiver_id = visit.id, mine.id, mine.caregiver_id
        if rejected:
            review.reject(session, visit_id, by="王 (wang)", now=SOON, reason="没有签退")
            assert session.get_one(Attendance, attendance_id).finished_at is None, "nobody knows when she left"
    left = appeals.Mended(
        "finished_at", TEN + timedelta(minutes=62), Cause.DEVICE_TROUBLE, Resolution.ELDER_CONFIRMED, None
    )
    late = TEN + timedelta(hours=9)
    with transaction() as session:
        appeal_id = appeals.raise_one(session, attendance_id, caregiver_id, words="手机没电了", by="刘洁", now=late).id
    with pytest.raises(NotMatched), transaction() as session:
        appeals.uphold(session, appeal_id, answer="属实", by="李 (li)", now=late)
    assert captured(visit_id) == 0
    with transaction() as session:
        appeals.uphold(session, appeal_id, answer="属实", by="李 (li)", now=late, times=[left])
        assert session.get_one(Visit, visit_id).state is VisitState.VERIFIED
        (correction,) = session.scalars(select(Correction).where(Correction.visit_id == visit_id))
        assert (correction.before, correction.after, correction.by) == (None, left.value, "李 (li)")
    assert captured(visit_id) == 10_000


def test_an_appeal_has_its_time_and_its_subject(database: Engine) -> None:
    _, attendance_id, caregiver_id, _ = a_doubted()
    with transaction() as session:
        late = TEN + timedelta(days=9)
        with pytest.raises(CannotAppeal):
            appeals.raise_one(session, attendance_id, caregiver_id, words="太晚了", by="刘洁", now=late)
        fine, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        assert fine.state is VisitState.VERIFIED
        with pytest.raises(CannotAppeal):
            appeals.raise_one(session, mine.id, mine.caregiver_id, words="没有问题", by="刘洁", now=SOON)


def test_the_database_lets_nobody_decide_against_whom_it_is(database: Engine) -> None:
    visit_id, attendance_id, caregiver_id, _ = a_doubted()
    with transaction() as session:
        review.reject(session, visit_id, by="王 (wang)", now=SOON, reason="too short")
        appeals.raise_one(session, attendance_id, caregiver_id, words="不公平", by="刘洁", now=SOON)
    wrong = text("update appeals set state = 'dismissed', decided_by = against")
    with pytest.raises(Exception, match="somebody_else"), transaction() as session:
        session.execute(wrong)


def test_nobody_verifies_what_no_record_stands_behind(database: Engine) -> None:
    with transaction() as session:
        visit, _ = a_published(session)
        review.hold_overdue(session, visit.id, now=TEN + timedelta(hours=8))
        assert visit.state is VisitState.HELD
        with pytest.raises(NotMatched):
            review.verify(session, visit.id, by="desk", now=SOON, reason="she says so")


def test_the_phone_shows_the_exception_and_takes_the_appeal(client: Callable[..., Client]) -> None:
    with transaction() as session:
        visit, mine = a_held(session)
    from datetime import UTC, datetime

    phone = client(Role.CAREGIVER, caregiver_id=mine.caregiver_id, provider_id=mine.provider_id)
    phone.headers["X-Simulated-At"] = SOON.isoformat()
    (shown,) = ok(phone.get("/api/phone/exceptions"))["items"]
    assert (shown["visit_id"], shown["elder"], [f["flaw"] for f in shown["found"]]) == (
        visit.id,
        "林*芬",
        ["too_short"],
    )
    assert shown["appeal_until"] and [p["kind"] for p in shown["proofs"]] == ["start", "finish"]
    path = f"/api/phone/exceptions/{mine.id}/appeal"
    (after,) = ok(phone.post(path, json={"words": "老人要休息"}, headers={"Idempotency-Key": "a"}))["items"]
    ok(phone.post(path, json={"words": "老人要休息"}, headers={"Idempotency-Key": "a"}))
    assert (after["appeal"]["state"], after["appeal_until"]) == ("open", None)
    desk = client(Role.DISPATCHER)
    (row,) = ok(desk.get("/api/appeals?state=open"))["items"]
    assert (row["words"], row["possible"]) == ("老人要休息", ["uphold", "dismiss"])
    whole_visit = ok(desk.get(f"/api/visits/{visit.id}"))
    assert (whole_visit["appeal_id"], whole_visit["possible"]) == (row["id"], ["correct"])
    told = ok(desk.post(f"/api/appeals/{row['id']}/uphold", json={"answer": "电话核实"}))
    assert (told["state"], told["visit_state"]) == ("upheld", "verified")
    (seen,) = ok(phone.get("/api/phone/exceptions"))["items"]
    assert seen["appeal"]["answer"] == "电话核实"
    assert datetime.fromisoformat(seen["appeal"]["decided_at"]) <= datetime.now(UTC)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=2), st.integers(1, 120))
def test_nobodys_extra_minutes_make_up_for_anothers(given_minutes: list[int], planned: int) -> None:
    some, of = share_of_minutes(given_minutes, planned, len(given_minutes))
    assert 0 <= some <= of
    assert (some == of) == all(minutes >= planned for minutes in given_minutes)


def test_a_part_follows_the_rule_of_its_item() -> None:
    minutes, tasks = (45, 60), share_of_tasks(["done", "refused", "not_applicable", None])
    assert tasks == (1, 3)
    assert part_of(PartRule.MINUTES, minutes, tasks) == (45, 60)
    assert part_of(PartRule.LOWER, minutes, tasks) == (1, 3)
    for rule, share in ((PartRule.NOTHING, minutes), (PartRule.MINUTES, (60, 60)), (PartRule.MINUTES, (0, 60))):
        with pytest.raises(CareError):
            part_of(rule, share, tasks)


ACTS = ("verify", "verify_part", "reject", "appeal", "uphold", "dismiss", "fail")


@settings(
    max_examples=20, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
)
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from("ab")), max_size=6), minutes=st.integers(1, 80))
def test_only_a_matched_verified_visit_is_ever_captured(
    database: Engine, acts: list[tuple[str, str]], minutes: int
) -> None:
    visit_id, attendance_id, caregiver_id, _ = a_doubted(free=7_000, minutes=minutes)
    appeal_id = 0
    for act, who in acts:
        try:
            with transaction() as session:
                if act == "appeal":
                    appeal_id = appeals.raise_one(
                        session, attendance_id, caregiver_id, words="申诉", by="刘洁", now=SOON
                    ).id
                elif act in ("uphold", "dismiss"):
                    getattr(appeals, act)(session, appeal_id, answer="说明", by=who, now=SOON)
                elif act == "fail":
                    review.not_delivered(session, visit_id, reason=NotDelivered.MISSED, note=None, by=who, now=SOON)
                else:
                    getattr(review, act)(session, visit_id, by=who, now=SOON, reason="看过了")
        except CareError:
            continue
    cents = captured(visit_id)
    with transaction() as session:
        visit, part = session.get_one(Visit, visit_id), partial.last_of(session, visit_id)
        due = part.due_cents if part else visit.price_cents
        assert cents == (due if visit.state is VisitState.VERIFIED else 0)
        held = sum(held for _, held in money.held_for(session, visit))
        assert held == (visit.allowance_cents if visit.state is VisitState.HELD else 0)
