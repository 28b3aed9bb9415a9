"""Clues of a month: bursts, elders visited too seldom by their contract, pairs nobody asked about; persons decide."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.db import transaction
from app.errors import IllegalMove
from app.history import History
from app.orders.tables import Visit
from app.people.life_rules import LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.tables import Elder, Provider
from app.planning import queries as planning
from app.settlement import drawing
from app.settlement.rules import SampleState
from app.settlement.tables import StatementClaim, StatementDeduction, StatementSample
from app.supervision import actions
from app.supervision.actions import MonthNotOver
from app.supervision.rules import ClueEvent, ClueKind, ClueState, taken_for
from app.supervision.tables import Clue
from app.visits.appeal_tables import VisitTerms
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent
from tests.app.settlement.story import DECEMBER, NOVEMBER, THEN, a_contract, a_done_visit, locked
from tests.cast import DISTRICT, STREET, TEN, a_caregiver, a_provider, an_attendance, an_elder
from tests.clients import Client, ok

LAST, FIRST = calendar.month_bounds(NOVEMBER)[1], calendar.month_bounds(NOVEMBER)[0]
FOUR: dict[str, Any] = {"visits": 4, "minutes": 60, "cents": 2_000}


def clues(session: Session, kind: ClueKind) -> list[Clue]:
    actions.look(session, DISTRICT, NOVEMBER, now=THEN)
    return list(session.scalars(select(Clue).where(Clue.kind == kind).order_by(Clue.id)))


def visits(session: Session, elder: Elder, days: list[int], provider: Provider, **given: Any) -> list[Visit]:
    """Verified ones on these days of November at ten, one caregiver each."""
    at = [FIRST + timedelta(days=day - 1, hours=10) for day in days]
    return [a_done_visit(session, elder, at=one, provider=provider, **given) for one in at]


@pytest.fixture
def story(database: Engine) -> tuple[int, int]:
    """A provider whose contract promises four hours a month, and an elder visited twice, once too briefly."""
    with transaction() as session:
        provider = a_provider(session)
        a_contract(session, provider, least_visits=FOUR)
        elder = an_elder(session)
        visits(session, elder, [3, 10], provider)
        visits(session, elder, [17], provider, minutes=59)
        return provider.id, elder.id


def test_an_elder_below_what_the_contract_promises_is_listed_with_what_there_was(story: tuple[int, int]) -> None:
    with transaction() as session:
        (clue,) = clues(session, ClueKind.TOO_FEW_VISITS)
        assert (clue.provider_id, clue.elder_id, clue.cents) == (*story, 4_000), "two are missing, twenty yuan each"
        assert (clue.facts["given"], clue.facts["short"], clue.facts["least"]) == (2, 1, 4)


def test_who_was_visited_as_promised_has_ended_or_has_no_such_contract_is_not(story: tuple[int, int]) -> None:
    with transaction() as session:
        provider = session.get_one(Provider, story[0])
        visits(session, an_elder(session), [2, 9, 16, 23], provider)
        gone = an_elder(session)
        visits(session, gone, [2], provider)
        gone.ended_at = FIRST + timedelta(days=4)
        other = a_provider(session)
        visits(session, an_elder(session), [2], other)
        session.flush()
        assert [clue.elder_id for clue in clues(session, ClueKind.TOO_FEW_VISITS)] == [story[1]]


def test_days_in_hospital_stand_beside_it(story: tuple[int, int]) -> None:
    with transaction() as session:
        elder = session.get_one(Elder, story[1])
        session.add(
            LifeEvent(
                district_id=DISTRICT, division_code=elder.division_code, elder_id=elder.id, kind=LifeKind.HOSPITAL,
                starts=NOVEMBER.replace(day=20), ends=DECEMBER.replace(day=4), source=LifeSource.FAMILY, told_by="test",
                told_at=TEN,
            )
        )  # fmt: skip
        (clue,) = clues(session, ClueKind.TOO_FEW_VISITS)
        assert clue.facts["away_days"] == 11


def test_what_is_upheld_is_deducted_once_and_what_is_excused_never(
    client: Callable[..., Client], story: tuple[int, int]
) -> None:
    with transaction() as session:
        second = an_elder(session)
        visits(session, second, [5], session.get_one(Provider, story[0]))
        first_clue, second_clue = clues(session, ClueKind.TOO_FEW_VISITS)
    desk = client(Role.SUPERVISOR)
    (shown, _) = ok(desk.get("/api/clues?month=2026-11-09"))["items"]
    assert set(shown["possible"]) == {"uphold", "excuse"}
    ok(desk.post(f"/api/clues/{first_clue.id}/uphold", json={"words": "家属证实"}))
    assert ok(desk.post(f"/api/clues/{second_clue.id}/excuse", json={"words": "住在女儿家"}))["state"] == "excused"
    assert desk.post(f"/api/clues/{first_clue.id}/excuse", json={"words": "再想想"}).status_code == 409
    with transaction() as session:
        for _ in range(2):
            statement = drawing.draw(session, story[0], NOVEMBER, by="test", now=THEN)
            (taken,) = session.scalars(select(StatementDeduction)).all()
            assert (taken.rule, taken.cents, statement.deducted_cents) == ("too_few_visits", 4_000, 4_000)
        assert actions.look(session, DISTRICT, NOVEMBER, now=THEN) == 2
        assert {clue.state for clue in session.scalars(select(Clue))} == {ClueState.UPHELD, ClueState.EXCUSED}
        decided = select(History.event).where(History.subject == "clues").order_by(History.id)
        assert session.scalars(decided).all() == ["uphold", "excuse"]


def test_what_is_upheld_after_the_statement_is_paid_comes_with_the_next(story: tuple[int, int]) -> None:
    locked(story[0])
    with transaction() as session:
        (clue,) = clues(session, ClueKind.TOO_FEW_VISITS)
        actions.decide(session, clue.id, ClueEvent.UPHOLD, words="属实", by="test", now=THEN)
        a_done_visit(session, session.get_one(Elder, story[1]), at=THEN, provider=session.get_one(Provider, story[0]))
        later = drawing.draw(session, story[0], DECEMBER, by="test", now=THEN + timedelta(days=40))
        assert later.deducted_cents == 4_000
        assert session.scalars(select(StatementClaim.statement_id)).all() == [later.id]


def test_a_claim_that_is_more_than_the_month_is_worth_waits(story: tuple[int, int]) -> None:
    with transaction() as session:
        (clue,) = clues(session, ClueKind.TOO_FEW_VISITS)
        clue.cents = 1_000_000
        actions.decide(session, clue.id, ClueEvent.UPHOLD, words="属实", by="test", now=THEN)
        assert drawing.draw(session, story[0], NOVEMBER, by="test", now=THEN).deducted_cents == 0


def test_an_open_clue_follows_the_records(story: tuple[int, int]) -> None:
    with transaction() as session:
        assert len(clues(session, ClueKind.TOO_FEW_VISITS)) == 1
        visits(session, session.get_one(Elder, story[1]), [24, 26], session.get_one(Provider, story[0]))
        assert clues(session, ClueKind.TOO_FEW_VISITS) == []


@pytest.mark.parametrize(
    ("days", "burst"), [([4, 12, 20, 28, 29], False), ([4, 12, 28, 29, 30], True), ([28, 29, 30], False)]
)
def test_a_burst_is_more_than_its_share_in_the_last_days(database: Engine, days: list[int], *, burst: bool) -> None:
    """Two of five are forty per cent, and the rule says more; of three visits nothing is said."""
    with transaction() as session:
        visits(session, an_elder(session), days, a_provider(session))
        found = clues(session, ClueKind.BURST_OF_ELDER)
        assert [clue.facts["percent"] for clue in found] == [60] * burst
        assert len(clues(session, ClueKind.BURST_OF_PROVIDER)) == burst


def test_the_district_sets_the_share(database: Engine) -> None:
    with transaction() as session:
        session.add(
            VisitTerms(district_id=DISTRICT, version=1, starts=NOVEMBER, terms={"burst_percent": 60}, by="test", at=TEN)
        )
        visits(session, an_elder(session), [4, 12, 28, 29, 30], a_provider(session))
        assert clues(session, ClueKind.BURST_OF_ELDER) == []


def test_a_pair_nobody_asked_about_is_a_weight_until_the_elder_is_called(database: Engine) -> None:
    with transaction() as session:
        provider, elder = a_provider(session), an_elder(session)
        wang = a_caregiver(session, provider=provider)
        together = visits(session, elder, list(range(2, 14)), provider)
        for visit in together:
            an_attendance(
                session, visit, wang, state="finished", rank=2, started_at=visit.opens,
                finished_at=visit.opens + timedelta(hours=1),
            )  # fmt: skip
        (clue,) = clues(session, ClueKind.UNTESTED_PAIR)
        assert (clue.elder_id, clue.caregiver_id, clue.facts["visits"]) == (elder.id, wang.id, 12)
        with pytest.raises(IllegalMove):
            actions.decide(session, clue.id, ClueEvent.UPHOLD, words="?", by="test", now=THEN)
        statement = drawing.draw(session, provider.id, NOVEMBER, by="test", now=THEN)
        session.add(
            StatementSample(
                district_id=DISTRICT, division_code=elder.division_code, provider_id=provider.id,
                statement_id=statement.id, visit_id=together[3].id, rank=1, state=SampleState.CONFIRMED,
            )
        )  # fmt: skip
        session.flush()
        assert clues(session, ClueKind.UNTESTED_PAIR) == []


def test_a_month_is_looked_at_when_it_is_over_and_for_the_whole_district(
    client: Callable[..., Client], database: Engine
) -> None:
    with transaction() as session, pytest.raises(MonthNotOver):
        actions.look(session, DISTRICT, DECEMBER, now=THEN)
    street = client(Role.SUPERVISOR, area=STREET)
    assert street.post("/api/clues/looks", json={"month": "2026-10-01"}).status_code == 403


def test_the_clock_looks_in_the_first_days_and_no_longer(story: tuple[int, int]) -> None:
    actions.keep_up(THEN + timedelta(days=12))
    with transaction() as session:
        assert session.scalars(select(Clue)).all() == []
    actions.keep_up(THEN)
    with transaction() as session:
        assert len(session.scalars(select(Clue)).all()) == 1


def test_what_is_taken_is_cents_for_each_or_a_share_of_her_month() -> None:
    assert taken_for({"cents": 500}, 3, 99) == 1_500
    assert taken_for({"percent": 15}, 3, 1_010) == 152
    assert taken_for({}, 3, 1_010) == 0


def stays(session: Session, provider: Provider, minutes: list[int], **fix: Any) -> int:
    """One caregiver's stays of so many minutes at one home, each a visit of an hour; with the fix at both ends."""
    elder, caregiver = an_elder(session), a_caregiver(session, provider=provider)
    for day, given in enumerate(minutes, 1):
        (visit,) = visits(session, elder, [day], provider, minutes=given)
        (there,) = planning.had_to_come(session, visit.id)
        there.caregiver_id = caregiver.id
        for n, kind in enumerate((EventKind.START, EventKind.FINISH)):
            session.add(
                VisitEvent(
                    district_id=DISTRICT, division_code=visit.division_code, provider_id=provider.id, kind=kind,
                    event_id=uuid.uuid4(), caregiver_id=caregiver.id, attendance_id=there.id, visit_id=visit.id, seq=n,
                    device_at=TEN, received_at=TEN, happened_at=TEN, data={},
                    **{"distance_m": day * 2.1 + n, "accuracy_m": 12.5} | fix,
                )
            )  # fmt: skip
    session.flush()
    return caregiver.id


def test_whoever_leaves_again_and_again_at_the_least_minutes_is_asked_about(story: tuple[int, int]) -> None:
    with transaction() as session:
        provider = session.get_one(Provider, story[0])
        least = visits(session, an_elder(session), [1], provider)[0].least_minutes
        found = stays(session, provider, [least, least + 1, least, 90, 90])
        stays(session, provider, [least, least, 90, 90, 90])  # two of five
        stays(session, provider, [least, least, least, least])  # of four nothing is said
        stays(session, provider, [least + 2] * 6)
        (clue,) = clues(session, ClueKind.EXACT_MINUTES)
        assert (clue.caregiver_id, clue.elder_id, clue.cents) == (found, None, 0)
        assert clue.facts == {"visits": 5, "exact": 3, "within": 1}


def test_the_very_same_fix_day_after_day_is_asked_about(story: tuple[int, int]) -> None:
    with transaction() as session:
        provider = session.get_one(Provider, story[0])
        found = stays(session, provider, [60] * 4, distance_m=4.2)
        stays(session, provider, [60] * 3, distance_m=4.2)  # three visits: chance
        stays(session, provider, [60] * 6)  # every time another place
        stays(session, provider, [60] * 6, distance_m=None, accuracy_m=None)  # no place at all is another rule
        (clue,) = clues(session, ClueKind.REPEATED_PLACE)
        assert (clue.caregiver_id, clue.facts) == (found, {"visits": 4, "homes": 1})


def test_a_caregivers_clue_is_shown_decided_and_takes_nothing(
    story: tuple[int, int], client: Callable[..., Client]
) -> None:
    with transaction() as session:
        stays(session, session.get_one(Provider, story[0]), [60] * 4, distance_m=4.2)
        (clue,) = clues(session, ClueKind.REPEATED_PLACE)
        clue_id = clue.id
    bureau = client(Role.SUPERVISOR)
    (row,) = [one for one in ok(bureau.get("/api/clues?month=2026-11-01"))["items"] if one["id"] == clue_id]
    assert (row["kind"], row["caregiver"], row["elder_name"]) == ("repeated_place", "刘洁", None)
    assert ok(bureau.post(f"/api/clues/{clue_id}/uphold", json={"words": "手机装有虚拟定位软件"}))["state"] == "upheld"
    with transaction() as session:
        assert session.scalars(select(StatementClaim)).all() == []
