"""What the alarm desk sees: the queue, who could go, how the parts are; and whoever may not see it does not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest

from app.access.rules import Role
from app.alarms import nearest, pulse
from app.alarms.timers import RELATION_ZH
from app.db import transaction
from app.people.actions import add_team_member
from app.people.rules import Relation, Skill, TeamRole
from app.people.tables import Home
from app.places.rules import Mode, Place
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from devices.signals import Message
from tests.app.alarms.story import hear, press
from tests.cast import CENTRE, DISTRICT, a_caregiver, a_contact, a_device, a_visit, an_elder, an_item
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
Browser = Callable[..., Client]
ROOT = Path(__file__).resolve().parents[3]


def now() -> datetime:
    return datetime.now(UTC)


def test_the_queue_shows_the_gravest_first_then_the_oldest_and_what_may_be_done(client: Browser) -> None:
    with transaction() as session:
        one, two, three = (
            a_device(session, elder=an_elder(session, name=name)) for name in ("郭秀英", "宋玉田", "林桂芬")
        )
    hear(press(one.wire_id, kind="inactivity"), now=now() - timedelta(minutes=4))
    hear(press(two.wire_id, kind="fall"), now=now() - timedelta(seconds=23))
    hear(press(three.wire_id), now=now() - timedelta(seconds=6))
    browser = client(Role.OPERATOR)
    answer = ok(browser.get("/api/alarms"))
    assert [row["elder_name"] for row in answer["items"]] == ["宋玉田", "林桂芬", "郭秀英"]
    row = answer["items"][0]
    assert (row["possible"], row["age"], row["division"], row["rings"]) == (
        ["claim", "ring", "note"], row["age"], "河运社区", "all",
    )  # fmt: skip
    assert answer["duty"]["ringing"] == 3 and answer["nobody_on_duty"]
    ok(browser.post("/api/shift/start"))
    ok(browser.post(f"/api/alarms/{row['id']}/claim"))
    answer = ok(browser.get("/api/alarms"))
    duty = answer["duty"]
    assert (duty["on_duty"], duty["ringing"], duty["answered_in_60"], duty["answered"]) == (1, 2, 1, 2)
    assert not answer["nobody_on_duty"] and duty["slowest_seconds"] >= 240
    assert browser.post("/api/shift/end").json()["open"] == 1
    ok(browser.post("/api/shift/end", json={"reason": "突然不适"}))
    assert ok(browser.get("/api/alarms"))["duty"]["ringing"] == 3


def test_somebody_else_is_told_who_has_it(client: Browser) -> None:
    with transaction() as session:
        device = a_device(session)
    hear(press(device.wire_id), now=now())
    fast, slow = client(Role.OPERATOR, name="赵敏"), client(Role.OPERATOR)
    (row,) = ok(fast.get("/api/alarms"))["items"]
    ok(fast.post(f"/api/alarms/{row['id']}/claim"))
    answer = slow.post(f"/api/alarms/{row['id']}/claim")
    assert (answer.status_code, answer.json()["claimed_by"]) == (409, "赵敏")
    assert ok(slow.get("/api/alarms"))["items"][0]["possible"] == ["note"]


def test_a_dispatcher_looks_on_and_is_offered_nothing(client: Browser) -> None:
    with transaction() as session:
        device = a_device(session)
    hear(press(device.wire_id), now=now())
    looking = client(Role.DISPATCHER)
    (row,) = ok(looking.get("/api/alarms"))["items"]
    assert row["possible"] == [] == ok(looking.get(f"/api/alarms/{row['id']}"))["possible"]
    assert looking.post(f"/api/alarms/{row['id']}/claim").status_code == 403


def test_the_guardian_of_the_care_team_is_known_among_the_contacts(client: Browser) -> None:
    with transaction() as session:
        elder = an_elder(session, categories=["tekun"])
        a_contact(session, elder, rank=1)
        nephew = a_contact(session, elder, rank=2, name="林建国", relation=Relation.OTHER)
        add_team_member(session, elder, role=TeamRole.GUARDIAN, name=nephew.name, phone=nephew.phone)
    case = ok(client(Role.OPERATOR).post("/api/alarms", json={"elder_id": elder.id}))
    assert [contact["is_guardian"] for contact in case["contacts"]] == [False, True]


def test_messages_name_a_relation_as_the_screens_do() -> None:
    words = json.loads((ROOT / "web/src/locales/zh-CN/enums.json").read_text(encoding="utf-8"))["relation"]
    assert dict(RELATION_ZH) == words and set(RELATION_ZH) == set(Relation)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR, Role.SHIFT_LEAD, Role.DISPATCHER}))
def test_only_the_desk_sees_alarms(client: Browser, role: Role) -> None:
    browser = client(role)
    for path in ("/api/alarms", "/api/alarms/1", "/api/set-aside", "/api/shift", "/api/calls", "/api/messages"):
        assert browser.get(path).status_code == 403, path


def test_a_part_that_falls_silent_is_not_well(client: Browser) -> None:
    with transaction() as session:
        pulse.beat(session, "listener-1", well=True, now=now(), connected=True)
        pulse.beat(session, "listener-2", well=False, now=now(), connected=False)
        pulse.beat(session, "clock", well=True, now=now() - timedelta(seconds=30))
    parts = {part["name"]: part["well"] for part in ok(client(Role.OPERATOR).get("/api/alarms"))["parts"]}
    assert parts == {"listener-1": True, "listener-2": False, "clock": False, "broker": True, "notices": True}


def test_what_was_set_aside_is_shown_with_its_reason(client: Browser) -> None:
    hear(Message("care/v1/p1/event", b"{oops", qos=1), now=now())
    (row,) = ok(client(Role.OPERATOR).get("/api/set-aside"))["items"]
    assert row["payload"] == "{oops" and "JSON" in row["reason"]
    assert ok(client(Role.OPERATOR).get("/api/alarms"))["set_aside"] == 1


def test_an_alarm_by_telephone_is_claimed_by_whoever_opens_it(client: Browser) -> None:
    with transaction() as session:
        elder = an_elder(session)
    case = ok(client(Role.OPERATOR).post("/api/alarms", json={"elder_id": elder.id, "note": "头晕"}))
    assert (case["state"], case["kind"], case["claimed_by_me"]) == ("claimed", "telephone", True)


def test_http_ingest_keeps_the_inboxs_promise(client: Browser, token: str) -> None:
    with transaction() as session:
        device = a_device(session)
    browser, headers = client(Role.OPERATOR), {"Authorization": f"Bearer {token}"}
    body = json.dumps({"id": "h1", "kind": "sos"})
    as_json = headers | {"Content-Type": "application/json"}  # as most senders do; some say nothing
    first, again = (
        ok(browser.post(f"/api/ingest/{device.wire_id}", content=body, headers=told)) for told in (as_json, headers)
    )
    assert first == again and first["id"] == "h1"
    assert ok(browser.get("/api/alarms"))["items"][0]["count"] == 1
    assert browser.post(f"/api/ingest/{device.wire_id}", content=body).status_code == 403


def test_whoever_is_in_the_very_home_comes_first_then_the_nearest_who_is_free_and_able() -> None:
    with transaction() as session:
        an_item(session, "URGENT", needs=[Skill.FIRST_AID], cents=0)
        elder = an_elder(session, wishes={})
        home = session.get_one(Home, elder.home_id)
        far = Place(CENTRE.lat + 0.05, CENTRE.lon)
        aid = (Skill.FIRST_AID,)
        near = a_caregiver(session, skills=aid, base=Place(CENTRE.lat + 0.004, CENTRE.lon).as_json(), name="刘洁")
        unable = a_caregiver(session, skills=(Skill.CLEANING,), name="孙强")
        moved = a_caregiver(session, skills=aid, base=far.as_json(), name="陈涛", mode=Mode.EBIKE)
        a_caregiver(session, skills=aid, shifts=(), name="休息的人")
        rider = a_caregiver(
            session, skills=aid, shifts=(), name="应急队", responder=True, base=far.as_json(), mode=Mode.CAR
        )
        visit = a_visit(session, elder=an_elder(session, home=home))
        going = Attendance(
            district_id=DISTRICT, division_code=visit.division_code, provider_id=moved.provider_id, visit_id=visit.id,
            caregiver_id=moved.id, state=AttendanceState.IN_SERVICE, starts_at=MORNING - timedelta(minutes=20),
            ends_at=MORNING + timedelta(minutes=40),
        )  # fmt: skip
        session.add(going)
        session.flush()
        found = nearest.candidates(session, home, elder, now=MORNING)
    assert [one.name for one in found] == ["陈涛", "刘洁", "应急队", "孙强"]
    here, free = found[:2]
    assert (here.here, here.seconds, here.doing, here.affected) == (True, 0, "上门助浴", [visit.id])
    assert (free.here, free.doing, free.affected, found[3].lacks) == (False, None, [], ["first_aid"])
    assert {near.id, unable.id, rider.id} <= {one.caregiver_id for one in found}


def test_candidates_of_a_large_staff_are_found_at_once() -> None:
    with transaction() as session:
        elder = an_elder(session)
        home = session.get_one(Home, elder.home_id)
        for n in range(120):
            a_caregiver(session, base=Place(CENTRE.lat + n / 1000, CENTRE.lon).as_json())
    times = []
    for _ in range(20):
        with transaction() as session:
            start = perf_counter()
            assert len(nearest.candidates(session, session.get_one(Home, home.id), elder, now=MORNING)) == 8
            times.append(perf_counter() - start)
    assert sorted(times)[18] < 0.5, sorted(times)
