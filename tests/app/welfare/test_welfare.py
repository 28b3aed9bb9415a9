"""Welfare visits: who is due, what a phone tells in any order, what follows, and who may see what."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.access.tables import AccessLog
from app.alarms.rules import AlarmKind
from app.alarms.tables import Alarm
from app.calendar import day_of
from app.db import transaction
from app.orders.rules import OrderState
from app.orders.tables import Order
from app.people.tables import Caregiver, Elder
from app.visits.rules import Outcome as Received
from app.welfare import actions, finding_rules, queries, register
from app.welfare.actions import Reported
from app.welfare.finding_rules import FindingEvent, FindingKind, FindingMoveRefused, FindingState
from app.welfare.register import NotRetroactive
from app.welfare.rules import (
    BadWelfareRules,
    RiskTier,
    Told,
    Visitor,
    WelfareOutcome,
    WelfareRules,
    WelfareWay,
    due_on,
    standing,
    suggested,
    welfare_rules_of,
)
from app.welfare.tables import WelfareElder, WelfareFinding, WelfareVisit
from tests.app.test_every_route import somebody
from tests.app.welfare.things import on_the_list
from tests.cast import COMMUNITY, DISTRICT, OTHER_COMMUNITY, PASSWORD, a_caregiver, a_contact, a_user, an_elder, an_item
from tests.clients import Client, ok
from tests.conftest import MORNING

RULES = WelfareRules()
TODAY = day_of(MORNING)


def told(
    elder: Elder, outcome: WelfareOutcome = WelfareOutcome.SEEN, *, at: datetime = MORNING, seq: int = 1, **data: Any
) -> Reported:
    return Reported(uuid.uuid4(), elder.id, WelfareWay.HOME, outcome, seq, at, data=data)


def a_visitor(session: Session, area: str = COMMUNITY) -> Caregiver:
    caregiver = a_caregiver(session, name="孙立", shifts=())
    register.send(session, caregiver.id, Visitor.COMMUNITY_WORKER, area, by="test", now=MORNING)
    return caregiver


def hear(session: Session, who: Caregiver, *records: Reported, now: datetime = MORNING) -> list[Received]:
    return [one.outcome for one in actions.receive(session, who, records, sent_at=None, by="孙立", now=now)]


# -- rules -----------------------------------------------------------------------------------------------------------


def test_the_register_speaks_for_a_tier() -> None:
    def say(**given: Any) -> tuple[RiskTier, str]:
        first: dict[str, Any] = {"age": 70, "level": "intact", "categories": [], "conditions": []}
        return suggested(**first | given)

    assert say(age=82, categories=["living_alone"]) == (RiskTier.HIGH, "old_and_alone")
    assert say(age=79, categories=["living_alone"])[0] is RiskTier.GENERAL
    assert say(categories=["dementia"])[0] is RiskTier.HIGH
    assert say(conditions=["冠心病（支架术后）"]) == (RiskTier.HIGH, "grave_illness")
    assert say(categories=["tekun"]) == (RiskTier.KEY, "supported")
    assert say(level="severe") == (RiskTier.KEY, "disabled")


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(WelfareOutcome)), max_size=8), st.randoms())
def test_how_it_stands_does_not_depend_on_the_order_records_come_in(
    said: list[tuple[int, WelfareOutcome]], rng: random.Random
) -> None:
    records = [Told(MORNING + timedelta(hours=hours), outcome) for hours, outcome in said]
    shuffled = records[:]
    rng.shuffle(shuffled)
    assert standing(records) == standing(shuffled)
    assert standing(records).tries <= sum(outcome is WelfareOutcome.NO_ANSWER for _, outcome in said)


def test_rules_have_bounds() -> None:
    assert welfare_rules_of(RULES.as_json()) == RULES
    with pytest.raises(BadWelfareRules):
        welfare_rules_of({"every_days": {"high": 31}})
    with pytest.raises(BadWelfareRules):
        welfare_rules_of({"tries": 0})


def test_a_finding_is_closed_by_somebody_who_had_it() -> None:
    with pytest.raises(FindingMoveRefused):
        finding_rules.after(FindingState.OPEN, FindingEvent.CLOSE)
    assert finding_rules.possible(FindingState.CLOSED) == []


# -- the list --------------------------------------------------------------------------------------------------------


def test_the_database_and_the_rule_agree_on_who_is_due(database: Engine) -> None:
    yesterday = TODAY - timedelta(days=1)
    cases: list[dict[str, Any]] = [
        {"tier": tier, "last_on": last, "tries": tries, "tried_on": yesterday if tries else None, "sooner_on": sooner}
        for tier in RiskTier
        for last in (None, yesterday)
        for tries in (0, 1)
        for sooner in (None, TODAY)
    ]
    with transaction() as session:
        for case in cases:
            on_the_list(session, an_elder(session), **case)
        rows = queries.listed(session, RULES, today=TODAY)
        assert len(rows) == len(cases)
        for row in rows:
            one = row.on_list
            assert row.due_on == due_on(
                RULES, one.tier, last_on=one.last_on, listed_on=one.listed_on, tries=one.tries,
                tried_on=one.tried_on, sooner_on=one.sooner_on,
            )  # fmt: skip
        assert [row.due_on for row in rows] == sorted(row.due_on for row in rows)


def test_everybody_is_listed_once_in_the_tier_the_register_speaks_for(database: Engine) -> None:
    with transaction() as session:
        alone, ended = an_elder(session), an_elder(session, ended_at=MORNING, ended_reason="death")
        assert register.enlist(session, DISTRICT, by="test", now=MORNING) == 1
        assert register.enlist(session, DISTRICT, by="test", now=MORNING) == 0
        row = queries.on_list(session, alone.id)
        assert (row.tier, row.why) == (RiskTier.HIGH, "old_and_alone")
        assert session.scalar(select(WelfareElder.id).where(WelfareElder.elder_id == ended.id)) is None


def test_a_change_of_tier_keeps_its_reason_and_asks_for_a_visit_soon(database: Engine) -> None:
    with transaction() as session:
        who, elder = a_visitor(session), an_elder(session)
        on_the_list(session, elder, RiskTier.GENERAL, last_on=TODAY)
        register.set_tier(session, elder.id, RiskTier.HIGH, reason="刚出院", changed=True, by="班长", now=MORNING)
        assert queries.listed(session, RULES, today=TODAY)[0].due_on == TODAY + timedelta(days=1)
        hear(session, who, told(elder))
        assert queries.listed(session, RULES, today=TODAY)[0].due_on == TODAY + timedelta(days=7)
        elder_id = elder.id
    desk = somebody(Role.SHIFT_LEAD)
    (line,) = ok(desk.get(f"/api/welfare/elders/{elder_id}"))["history"]
    assert (line["before"], line["after"], line["reason"]) == ("general", "high", "刚出院")


def test_rules_hold_from_a_day_on_and_never_before(database: Engine) -> None:
    with transaction() as session:
        sooner = RULES.as_json() | {"every_days": {"high": 3, "key": 14, "general": 60}}
        register.set_rules(session, DISTRICT, sooner, starts=TODAY + timedelta(days=2), by="test", now=MORNING)
        assert queries.rules_on(session, DISTRICT, TODAY)[1].every_days[RiskTier.HIGH] == 7
        assert queries.rules_on(session, DISTRICT, TODAY + timedelta(days=2))[1].every_days[RiskTier.HIGH] == 3
        with pytest.raises(NotRetroactive):
            register.set_rules(session, DISTRICT, sooner, starts=TODAY - timedelta(days=1), by="test", now=MORNING)


def test_coverage_counts_an_elder_once_and_only_who_was_seen(database: Engine) -> None:
    with transaction() as session:
        who = a_visitor(session)
        seen, unseen = an_elder(session), an_elder(session)
        for one in (seen, unseen):
            on_the_list(session, one)
        hear(session, who, told(seen), told(seen, seq=2), told(unseen, WelfareOutcome.NO_ANSWER, seq=3))
        (cell,) = queries.coverage(session, RULES, month=TODAY.replace(day=1), today=TODAY)
        assert (cell.tier, cell.listed, cell.seen, cell.by_home) == (RiskTier.KEY, 2, 1, 1)
        (before,) = queries.coverage(session, RULES, month=date(2026, 10, 1), today=TODAY)
        assert (before.listed, before.seen) == (2, 0)


# -- what phones tell ------------------------------------------------------------------------------------------------


def test_a_record_counts_once_however_often_it_is_sent(database: Engine) -> None:
    with transaction() as session:
        who, elder = a_visitor(session), an_elder(session)
        on_the_list(session, elder)
        one = told(elder, topics={"home": "concern"}, words="电线老化")
        assert hear(session, who, one) == [Received.ACCEPTED]
        assert hear(session, who, one) == [Received.REPEATED]
        (finding,) = session.scalars(select(WelfareFinding)).all()
        assert (finding.kind, finding.words, finding.urgent) == (FindingKind.HOME, "电线老化", False)
        assert finding.due_on == TODAY + timedelta(days=RULES.concern_days)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_tries_and_a_late_word_that_she_was_seen_end_the_same_in_any_order(
    order: tuple[int, ...], database: Engine
) -> None:
    with transaction() as session:
        who, elder = a_visitor(session), an_elder(session)
        row = on_the_list(session, elder)
        ago = [MORNING - timedelta(hours=hours) for hours in (3, 2, 1)]
        records = [
            told(elder, WelfareOutcome.NO_ANSWER, at=ago[0]),
            told(elder, at=ago[1]),
            told(elder, WelfareOutcome.NO_ANSWER, at=ago[2]),
        ]  # fmt: skip
        for number in order:
            hear(session, who, records[number])
        assert (row.tries, row.last_at) == (1, ago[1])


@pytest.mark.parametrize(("tier", "rings"), [(RiskTier.HIGH, True), (RiskTier.GENERAL, False)])
def test_after_so_many_tries_it_is_on_the_desk_and_for_the_highest_tier_it_rings(
    tier: RiskTier, rings: bool, database: Engine
) -> None:
    with transaction() as session:
        who, elder = a_visitor(session), an_elder(session)
        on_the_list(session, elder, tier)
        hear(session, who, told(elder, WelfareOutcome.NO_ANSWER, at=MORNING - timedelta(hours=2)))
        assert session.scalars(select(WelfareFinding)).all() == []
        assert queries.listed(session, RULES, today=TODAY)[0].due_on <= TODAY + timedelta(days=1)
        hear(session, who, told(elder, WelfareOutcome.NO_ANSWER))
        hear(session, who, told(elder, WelfareOutcome.NO_ANSWER, seq=3))
        (finding,) = session.scalars(select(WelfareFinding)).all()
        assert (finding.kind, finding.urgent) == (FindingKind.NO_ANSWER, True)
        kinds = session.scalars(select(Alarm.kind)).all()
        assert kinds == ([AlarmKind.INACTIVITY] if rings else []) and (finding.alarm_id is not None) == rings
        hear(session, who, told(elder, seq=4), now=MORNING + timedelta(hours=1))
        assert finding.state is FindingState.OPEN  # seen since; only a person closes it


@pytest.mark.parametrize("clash", ["not_listed", "not_yours"])
def test_what_does_not_fit_is_kept_and_is_the_desks_to_look_at(clash: str, database: Engine) -> None:
    with transaction() as session:
        who, elder = a_visitor(session, OTHER_COMMUNITY), an_elder(session)
        if clash == "not_yours":
            on_the_list(session, elder)
        assert hear(session, who, told(elder)) == [Received.ATTENTION]
        (visit,) = session.scalars(select(WelfareVisit)).all()
        (finding,) = session.scalars(select(WelfareFinding)).all()
        assert (visit.problem, finding.kind) == (clash, FindingKind.CLASH)
        assert sum(cell.seen for cell in queries.coverage(session, RULES, month=TODAY.replace(day=1), today=TODAY)) == 0


# -- doors -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def street(database: Engine) -> tuple[int, Client]:
    """An elder who is due, and the phone of a volunteer of her community."""
    with transaction() as session:
        elder = an_elder(session)
        a_contact(session, elder)
        on_the_list(session, elder, RiskTier.HIGH)
        who = a_visitor(session)
        an_item(session)
        login = a_user(session, Role.RESPONDER, area=COMMUNITY, caregiver_id=who.id, provider_id=who.provider_id).login
        number = elder.id

    client = Client(somebody(Role.CAREGIVER).app, base_url="http://testserver")
    answer = client.post("/api/session", json={"login": login, "password": PASSWORD})
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return number, client


def test_a_volunteer_sees_the_door_only_after_taking_her_into_the_day_and_that_is_written_down(
    street: tuple[int, Client],
) -> None:
    elder_id, phone = street
    (before,) = ok(phone.get("/api/phone/welfare"))["people"]
    assert (before["name"], before["address"], before["phone"], before["contact"]) == ("林*芬", None, None, None)
    (after,) = ok(phone.post("/api/phone/welfare/round", json={"elder_ids": [elder_id, 999_999]}))["people"]
    assert (after["name"], after["address"], after["mine"]) == ("林桂芬", "12号楼2单元302", True)
    with transaction() as session:
        (look,) = session.scalars(select(AccessLog)).all()
        assert (look.elder_id, look.field, look.reason) == (elder_id, "door", "welfare_visit")


def test_a_lead_sends_who_has_a_phone_and_takes_nobody_away_from_another_area(street: tuple[int, Client]) -> None:
    lead, elsewhere = (somebody(Role.SHIFT_LEAD, area=area) for area in (COMMUNITY, OTHER_COMMUNITY))
    with transaction() as session:
        who = a_caregiver(session, name="周敏", shifts=())
        a_user(session, Role.RESPONDER, area=COMMUNITY, caregiver_id=who.id, provider_id=who.provider_id)
        door = f"/api/welfare/visitors/{who.id}"
    before = {one["name"] for one in ok(lead.get("/api/welfare/visitors"))["possible"]}
    assert "周敏" in before and "孙立" not in before, "the volunteer goes already"
    assert ok(somebody(Role.OPERATOR).get("/api/welfare/visitors"))["possible"] == [], "sends nobody"
    after = ok(lead.post(door, json={"kind": "volunteer", "area": COMMUNITY}))
    assert [(one["name"], one["area"]) for one in after["items"]][-1] == ("周敏", COMMUNITY)
    assert {one["name"] for one in after["possible"]} == before - {"周敏"}
    assert elsewhere.post(door, json={"kind": "volunteer", "area": OTHER_COMMUNITY}).status_code == 404
    assert elsewhere.delete(door).status_code == 404
    assert lead.delete(door).status_code == 204
    assert {one["name"] for one in ok(lead.get("/api/welfare/visitors"))["possible"]} == before


def test_a_caregiver_who_does_not_go_sees_nobody(street: tuple[int, Client]) -> None:
    found = ok(somebody(Role.CAREGIVER).get("/api/phone/welfare"))
    assert (found["kind"], found["people"]) == (None, [])


def test_what_the_phone_tells_becomes_an_order_that_is_followed_until_it_is_closed(
    street: tuple[int, Client],
) -> None:
    elder_id, phone = street
    now = datetime.now(UTC)
    record = {
        "id": str(uuid.uuid4()), "elder_id": elder_id, "way": "phone", "outcome": "seen", "seq": 1,
        "at": now.isoformat(), "data": {"topics": {"food": "urgent"}, "wish": "想洗澡", "words": "没米了"},
    }  # fmt: skip
    answer = ok(phone.post("/api/phone/welfare/records", json={"records": [record]}))
    assert answer["results"][0]["outcome"] == "accepted"
    desk = somebody(Role.OPERATOR)
    food, wish = ok(desk.get("/api/welfare/findings"))["items"]
    assert (food["kind"], food["urgent"], wish["kind"], wish["words"]) == ("food", True, "wish", "想洗澡")
    there = f"/api/welfare/findings/{wish['id']}"
    assert desk.post(f"{there}/close", json={"answer": "不管了"}).status_code == 409
    opens = now + timedelta(days=2)
    visit = {"opens": opens.isoformat(), "closes": (opens + timedelta(hours=1)).isoformat()}
    ordered = ok(desk.post(f"{there}/order", json={"item": "BATHING", "visit": visit}))
    with transaction() as session:
        made = session.get_one(Order, ordered["order_id"])
        assert (made.elder_id, made.state) == (elder_id, OrderState.RECEIVED)
    closed = ok(desk.post(f"{there}/close", json={"answer": "已约周二助浴"}))
    assert (closed["state"], closed["possible"]) == ("closed", [])
    asked = ok(desk.post(f"/api/welfare/findings/{food['id']}/refer", json={"to": "社区居委会"}))
    assert asked["possible"] == ["order", "refer", "close"]
    bureau = ok(somebody(Role.SUPERVISOR).get("/api/welfare/findings?open_only=false"))["items"]
    assert {one["words"] for one in bureau} == {""} and "林桂芬" not in str(bureau)
