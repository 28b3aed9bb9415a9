"""The month's roster: drafted out of care plans, changed by hand, published, and kept to by the drafts of its days."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

import dispatch
from app import calendar
from app.access.rules import Role
from app.care_plans import actions as care_plans
from app.care_plans.actions import LineTerms
from app.care_plans.rules import OnHolidays, PauseReason
from app.db import transaction
from app.jobs import actions as jobs
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.orders.rules import Payer
from app.people.rules import AbilityLevel, Skill
from app.people.tables import Absence, Elder
from app.planning import queries as planning
from app.planning import why
from app.planning.by_hand import move_by_hand
from app.planning.day import named, question
from app.planning.roster_tables import RosterGap, RosterLine
from app.planning.rules import CannotOverride, PlanState, RulesBroken
from app.rostering import actions, by_hand, drafting, queries
from app.rostering.by_hand import Wish
from app.rostering.rules import NotAMonday, NotThisRoster, RosterChanged, RosterUnderWay
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, a_caregiver, an_elder, an_entitlement, an_item
from tests.clients import ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
NOW = MORNING
TODAY = calendar.day_of(NOW)
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())
SIGNED = {"who": "elder", "how": "in_person"}
LONG = (time(8), time(18))


def a_line(rule: str, item: str = "BATHING", **given: Any) -> LineTerms:
    values: dict[str, Any] = {
        "key": None, "item_code": item, "starts": MONDAY, "opens": time(9), "closes": time(11), "minutes": None,
        "holidays": OnHolidays.KEEP, "payer": Payer.SELF,
    } | given  # fmt: skip
    return LineTerms(rule=rule, **values)


def agreed(elder: Elder, *lines: LineTerms) -> None:
    with transaction() as session:
        plan = care_plans.draft(
            session, elder.id, lines, starts=TODAY, most_self_pay_cents=10_000_000, seen=0, by="赵敏", now=NOW
        )
        care_plans.agree(session, elder.id, SIGNED, seen=plan.version, by="赵敏", now=NOW)


@pytest.fixture
def district(database: Engine) -> dict[str, Any]:
    """Lin has a bath every Monday and Thursday; heavy Ma is bathed by two every second Wednesday; three can do it."""
    with transaction() as session:
        an_item(session)
        lin, ma = an_elder(session, name="林桂芬"), an_elder(session, name="马秀英", level=AbilityLevel.SEVERE)
        an_entitlement(session, lin)
        staff = [a_caregiver(session, name=name, shifts=(LONG,)) for name in ("刘洁", "王芳", "赵丽")]
        staff.append(a_caregiver(session, name="孙梅", shifts=(LONG,), skills=(Skill.MEALS,)))
    agreed(lin, a_line("FREQ=WEEKLY;BYDAY=MO,TH"))
    agreed(ma, a_line("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE"))
    return {"lin": lin, "ma": ma, "staff": staff}


def drafted() -> int:
    """The number of a roster a worker has made."""
    with transaction() as session:
        job = actions.ask_draft(session, DISTRICT, MONDAY, seconds=30, seed=1, by="王调度", now=NOW)
    drafting.carry_out(job.id)
    with transaction() as session:
        job = session.get_one(Job, job.id)
        assert job.state is JobState.DONE, job.error
        return job.subject_id


def published() -> int:
    roster_id = drafted()
    with transaction() as session:
        version = queries.get(session, roster_id).version
        actions.publish(session, roster_id, seen=version, by="王调度", now=NOW)
    return roster_id


def lines(roster_id: int, elder: Elder) -> list[RosterLine]:
    with transaction() as session:
        return [x for x in queries.lines(session, roster_id) if x.elder_id == elder.id]


def away(caregiver_id: int, number: int) -> Absence:
    day = MONDAY + timedelta(days=number)
    return Absence(district_id=DISTRICT, caregiver_id=caregiver_id, first=day, last=day, reason="年假")


def test_every_meant_day_has_its_people_at_one_hour_and_the_same_face(district: dict[str, Any]) -> None:
    roster_id = drafted()
    hers = lines(roster_id, district["lin"])
    days = [MONDAY + timedelta(days=n) for week in range(4) for n in (7 * week, 7 * week + 3)]
    assert [x.day for x in hers] == days
    assert len({x.caregiver_id for x in hers}) == 1
    assert len({calendar.local(x.starts_at).time() for x in hers}) == 1
    assert all(time(9) <= calendar.local(x.starts_at).time() <= time(11) for x in hers)
    pairs = lines(roster_id, district["ma"])
    assert [(x.day, x.rank) for x in pairs] == [(MONDAY + timedelta(days=n), rank) for n in (2, 16) for rank in (1, 2)]
    for one, two in zip(pairs[::2], pairs[1::2], strict=True):
        assert one.starts_at == two.starts_at
        assert one.caregiver_id != two.caregiver_id
    assert district["staff"][3].id not in {x.caregiver_id for x in hers + pairs}, "she may not bathe anybody"


def test_pauses_and_absences_are_kept_and_what_nobody_can_do_says_why(district: dict[str, Any]) -> None:
    first = MONDAY + timedelta(days=7)
    with transaction() as session:
        care_plans.pause(
            session, district["lin"].id, first, first + timedelta(days=6), PauseReason.HOSPITAL, by="赵敏", now=NOW
        )
        session.add_all(away(one.id, 16) for one in district["staff"][:2])
    roster_id = drafted()
    assert not [x for x in lines(roster_id, district["lin"]) if first <= x.day < first + timedelta(days=7)]
    assert len(lines(roster_id, district["lin"])) == 6
    with transaction() as session:
        (gap,) = session.scalars(select(RosterGap).where(RosterGap.roster_id == roster_id))
        assert gap.elder_id == district["ma"].id
        assert gap.day == MONDAY + timedelta(days=16)
        rules = {int(c): rule for c, rule in gap.blocking.items()}
    liu, wang, zhao, sun = (one.id for one in district["staff"])
    assert rules == {liu: "absent", wang: "absent", zhao: "busy", sun: "skills"}


def test_a_day_s_draft_follows_the_published_roster_and_says_so(district: dict[str, Any]) -> None:
    """The caregiver and the hour of the roster are what the day's plan chooses where nothing stands against it."""
    roster_id = published()
    first = next(x for x in lines(roster_id, district["lin"]) if x.day == MONDAY)
    for other in (c.id for c in district["staff"][:3]):
        with transaction() as session:
            by_hand.move_line(session, first.id, Wish(other, 10 * 60 + 30), accept=["hour"], by="王调度", now=NOW)
        with transaction() as session:
            day = planning.day_of(session, DISTRICT, MONDAY)
        (visit,) = [v for v in day.visits if v.elder_id == district["lin"].id]
        assert (visit.regular, visit.hour) == ((other,), calendar.at(MONDAY, time(10, 30)))
        plan = dispatch.solve(question(day, now=None).problem, iterations=200, seed=1)
        (served,) = [a for a in plan.assignments if a.visit == str(visit.id)]
        assert served.caregivers == (named(other),)
        assert day.time(served.start) == visit.hour
    with transaction() as session:
        move_by_hand(
            session, visit.id, caregiver_ids=[other], starts_at=day.time(served.start), accept=[], by="王", now=NOW
        )
    with transaction() as session:
        said = why.why(session, visit.id).chosen
    assert said is not None
    assert said.regular == [other]
    assert "月度排班" in said.zh
    assert "roster" in said.en


def test_a_draft_binds_nobody(district: dict[str, Any]) -> None:
    drafted()
    with transaction() as session:
        day = planning.day_of(session, DISTRICT, MONDAY)
    assert {v.regular for v in day.visits} == {()}
    assert all(v.published is None for v in question(day, now=None).problem.visits)


def test_a_line_moved_by_hand_names_what_it_breaks_and_remembers_who_did_it(district: dict[str, Any]) -> None:
    roster_id = drafted()
    line, sun = lines(roster_id, district["lin"])[0], district["staff"][3]
    with pytest.raises(RulesBroken) as refused, transaction() as session:
        by_hand.move_line(session, line.id, Wish(sun.id, 13 * 60), accept=["skills"], by="王调度", now=NOW)
    assert refused.value.facts["rules"] == ["hour", "window"]
    assert sun.id not in {x.caregiver_id for x in lines(roster_id, district["lin"])}, "refused is not done"
    wish = Wish(sun.id, 13 * 60, weekly=True)
    with transaction() as session:
        by_hand.move_line(session, line.id, wish, accept=["skills", "window", "hour"], by="王调度", now=NOW)
    moved = [x for x in lines(roster_id, district["lin"]) if x.caregiver_id == sun.id]
    assert [x.day for x in moved] == [MONDAY + timedelta(days=7 * n) for n in range(4)]
    assert {(x.moved_by, tuple(x.waived)) for x in moved} == {("王调度", ("hour", "skills", "window"))}
    with transaction() as session:
        session.add(away(sun.id, 0))
        version = queries.get(session, roster_id).version
    with pytest.raises(RulesBroken, match="1 lines no longer hold"), transaction() as session:
        actions.publish(session, roster_id, seen=version, by="王调度", now=NOW)
    liu = lines(roster_id, district["lin"])[1].caregiver_id
    with transaction() as session:
        session.add(away(liu, 0))
    with pytest.raises(CannotOverride), transaction() as session:
        by_hand.move_line(session, line.id, Wish(liu, 540), accept=["absent", "hour"], by="王调度", now=NOW)


def test_two_at_one_door_are_moved_together(district: dict[str, Any]) -> None:
    roster_id = drafted()
    pair = lines(roster_id, district["ma"])[:2]
    with transaction() as session:
        by_hand.move_line(
            session, pair[1].id, Wish(pair[1].caregiver_id, 585, weekly=True), accept=[], by="王", now=NOW
        )
    assert {calendar.local(x.starts_at).time() for x in lines(roster_id, district["ma"])} == {time(9, 45)}
    with pytest.raises(CannotOverride), transaction() as session:
        by_hand.move_line(session, pair[1].id, Wish(pair[0].caregiver_id, 585), accept=["overlap"], by="王", now=NOW)


def test_a_gap_is_filled_by_hand_and_her_partner_comes_at_the_same_minute(district: dict[str, Any]) -> None:
    liu, wang, _, sun = (one.id for one in district["staff"])
    with transaction() as session:
        session.add_all(away(one, 16) for one in (liu, wang))
    roster_id = drafted()
    dispatcher = somebody(Role.DISPATCHER)
    (gap,) = ok(dispatcher.get(f"/api/rosters/{roster_id}"))["gaps"]
    assert gap["who"][str(sun)] == "skills"
    wish = {"caregiver_id": sun, "at": "09:45"}
    said = ok(dispatcher.post(f"/api/roster-gaps/{gap['id']}/fill/check", json=wish))
    assert {(fault["rule"], fault["caregiver"]) for fault in said["faults"]} == {("skills", "孙梅"), ("hour", "")}
    refused = dispatcher.post(f"/api/roster-gaps/{gap['id']}/fill", json=wish)
    assert (refused.status_code, refused.json()["rules"]) == (409, ["hour", "skills"])
    assert len(ok(dispatcher.get(f"/api/rosters/{roster_id}"))["gaps"]) == 1, "asking and refusing fill nothing"
    gone = dispatcher.post(f"/api/roster-gaps/{gap['id']}/fill", json={"caregiver_id": liu, "at": "09:45"})
    assert gone.json()["rules"] == ["absent"], "nobody is where she is not"
    ok(dispatcher.post(f"/api/roster-gaps/{gap['id']}/fill", json={**wish, "accept": ["skills", "hour"]}))
    shown = ok(dispatcher.get(f"/api/rosters/{roster_id}"))
    assert shown["gaps"] == []
    pair = [x for x in shown["lines"] if x["day"] == gap["day"] and x["elder_id"] == district["ma"].id]
    assert {(x["rank"], x["at"]) for x in pair} == {(1, "09:45"), (2, "09:45")}
    assert all(x["moved_by"] for x in pair), "both visits were changed by a hand"
    (hers,) = [x for x in pair if x["caregiver_id"] == sun]
    assert hers["waived"] == ["hour", "skills"]
    assert dispatcher.post(f"/api/roster-gaps/{gap['id']}/fill", json=wish).status_code == 404, "it is filled"


def test_two_dispatchers_publish_and_the_second_is_told(district: dict[str, Any]) -> None:
    roster_id = drafted()
    with pytest.raises(RosterChanged), transaction() as session:
        actions.publish(session, roster_id, seen=99, by="王调度", now=NOW)
    with transaction() as session:
        actions.publish(session, roster_id, seen=queries.get(session, roster_id).version, by="王调度", now=NOW)
    second = published()
    with transaction() as session:
        states = [(r.n, r.state) for r in queries.versions(session, DISTRICT)]
        assert states == [(2, PlanState.PUBLISHED), (1, PlanState.SUPERSEDED)]
        found = planning.roster_of(session, DISTRICT, MONDAY + timedelta(days=27))
        assert found is not None
        assert found.id == second
        assert planning.roster_of(session, DISTRICT, MONDAY + timedelta(days=28)) is None


def test_one_roster_of_the_same_weeks_at_a_time_and_only_from_a_monday(district: dict[str, Any]) -> None:
    with transaction() as session:
        actions.ask_draft(session, DISTRICT, MONDAY, seconds=1, by="王调度", now=NOW)
        with pytest.raises(RosterUnderWay):
            actions.ask_draft(session, DISTRICT, MONDAY, seconds=1, by="王调度", now=NOW)
        for wrong in (MONDAY + timedelta(days=1), MONDAY - timedelta(days=14), MONDAY + timedelta(weeks=9)):
            with pytest.raises(NotAMonday):
                actions.ask_draft(session, DISTRICT, wrong, seconds=1, by="王调度", now=NOW)


def test_the_door_shows_faces_hours_and_the_week(district: dict[str, Any]) -> None:
    dispatcher = somebody(Role.DISPATCHER)
    job = ok(dispatcher.post("/api/rosters", json={"starts": str(MONDAY), "seconds": 1, "seed": 1}))
    head = ok(dispatcher.get("/api/rosters"))
    assert head["job"]["id"] == job["id"]
    assert head["next"] == str(MONDAY)
    assert ok(dispatcher.post(f"/api/rosters/{job['subject_id']}/stop"))["state"] == "stopped"
    assert ok(dispatcher.get("/api/rosters"))["items"][0]["state"] == "superseded"
    roster_id = drafted()
    shown = ok(dispatcher.get(f"/api/rosters/{roster_id}"))
    lin = next(row for row in shown["elders"] if row["id"] == district["lin"].id)
    assert (lin["visits"], lin["faces"], lin["strangers"], lin["gaps"]) == (8, 1, 8, 0)
    assert sum(sum(row["minutes"]) for row in shown["caregivers"]) == 60 * (8 + 4)
    assert {row["contract"] for row in shown["caregivers"]} == {44 * 60}
    line = next(x for x in shown["lines"] if x["elder_id"] == district["lin"].id)
    wish = {"caregiver_id": district["staff"][3].id, "at": "09:00"}
    said = ok(dispatcher.post(f"/api/roster-lines/{line['id']}/move/check", json=wish))
    assert ("skills", "孙梅") in {(fault["rule"], fault["caregiver"]) for fault in said["faults"]}
    again = ok(dispatcher.get(f"/api/rosters/{roster_id}"))
    assert again == shown, "asking moves nothing"
    ok(dispatcher.post(f"/api/rosters/{roster_id}/publish", json={"version": again["version"]}))
    manager = somebody(Role.MANAGER, provider_id=district["staff"][0].provider_id)
    assert ok(manager.get(f"/api/rosters/{roster_id}"))["possible"] == []


def test_a_roster_stopped_before_it_begins_is_never_made(district: dict[str, Any]) -> None:
    with transaction() as session:
        job = actions.ask_draft(session, DISTRICT, MONDAY, seconds=60, seed=1, by="王调度", now=NOW)
        jobs.stop(session, job.id, district_id=DISTRICT, by="王调度", now=NOW)
        roster_id = job.subject_id
    drafting.carry_out(job.id)  # ended before it began: nothing is made
    with transaction() as session:
        assert session.get_one(Job, job.id).state is JobState.STOPPED
        assert queries.lines(session, roster_id) == []


def test_a_draft_is_given_up_once(district: dict[str, Any]) -> None:
    roster_id = drafted()
    with transaction() as session:
        actions.discard(session, roster_id, by="王调度", now=NOW)
    with pytest.raises(NotThisRoster), transaction() as session:
        actions.discard(session, roster_id, by="王调度", now=NOW)
