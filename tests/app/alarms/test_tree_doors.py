"""The doors of the tree, and the whole story through them: a press, nobody answers, the climb, somebody at the door."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import DESK, Role
from app.alarms import actions, proving, queries
from app.alarms.rules import TimerKind
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.tables import Call
from app.db import transaction
from app.messages.tables import OutboxMessage
from app.planning.rules import AttendanceState
from tests.app.alarms.climb_story import AMBULANCE, RESPONDER, House, K, run, tick
from tests.app.alarms.story import alarms
from tests.cast import OTHER_COMMUNITY
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database")
Browser = Callable[..., Client]


@pytest.fixture
def house() -> House:
    return House(began=datetime.now(UTC))


def doors(house: House) -> dict[str, tuple[str, str, dict[str, Any] | None]]:
    path = f"/api/alarms/{house.alarm_id}"
    return {
        "tree": ("GET", f"{path}/tree", None), "climb": ("POST", f"{path}/climb", None),
        "skip": ("POST", f"{path}/skip-rung", {"reason": "住院"}),
        "step": ("POST", f"{path}/steps/climb", {}),
    }  # fmt: skip


def asked(browser: Client, house: House, door: str, **said: Any) -> Any:
    method, path, body = doors(house)[door]
    return browser.request(method, path, json=body | said if body is not None else said or None)


def test_who_may_look_at_the_tree_who_may_climb_it_and_who_does_not_know_of_it(client: Browser, house: House) -> None:
    refused = {
        role: [asked(browser, house, door).status_code for door in doors(house)]
        for role in Role
        if role not in (Role.CAREGIVER, Role.RESPONDER)
        for browser in [client(role)]
    }
    assert refused.pop(Role.OPERATOR) == refused.pop(Role.SHIFT_LEAD) == [200, 409, 409, 409]  # claim it first
    assert refused.pop(Role.DISPATCHER) == [200, 403, 403, 403]
    assert {tuple(codes) for codes in refused.values()} == {(403, 403, 403, 403)} and not DESK & refused.keys()
    stranger = client(Role.OPERATOR, area=OTHER_COMMUNITY)
    assert [asked(stranger, house, door).status_code for door in doors(house)] == [404] * 4


def test_moves_that_are_none_are_refused_in_words_and_change_nothing(client: Browser, house: House) -> None:
    mine, other, path = client(Role.OPERATOR), client(Role.OPERATOR, name="李敏"), f"/api/alarms/{house.alarm_id}"
    ringing = asked(mine, house, "climb").json()
    assert ringing["status"] == 409 and "ringing" in ringing["detail"]
    ok(mine.post(f"{path}/claim"))
    assert asked(other, house, "climb").json()["claimed_by"] == "赵敏"
    assert asked(other, house, "skip").json()["claimed_by"] == "赵敏"
    assert asked(mine, house, "skip", reason="").status_code == 422
    late = asked(mine, house, "climb", n=2, attempt=1).json()
    assert (late["status"], late["n"], late["attempt"]) == (409, 1, 1)
    for n in range(4):  # the elder, her daughter, the neighbour, the responder; 120 is the last who could go
        ok(asked(mine, house, "skip", n=n + 1))
    assert asked(mine, house, "skip").status_code == 409
    tree = ok(asked(mine, house, "tree"))
    assert [rung["state"] for rung in tree["rungs"]] == ["skipped"] * 4 + ["waiting"] and tree["next"] == 5
    assert tree["rungs"][0]["reason"] == "住院"
    ok(mine.post(f"{path}/call", json={"target": "elder", "result": "safe"}))
    assert asked(mine, house, "climb").json()["detail"] == "Somebody has been reached."
    ok(mine.post(f"{path}/close", json={"verdict": "false"}))
    assert asked(mine, house, "climb").status_code == 409 and asked(mine, house, "skip").status_code == 409
    with transaction() as session:
        assert len(session.scalars(select(Call.id)).all()) == 1


@pytest.mark.parametrize("door", ["climb", "step"])
def test_many_keys_at_once_make_one_attempt(client: Browser, house: House, door: str) -> None:
    mine = client(Role.OPERATOR)
    ok(mine.post(f"/api/alarms/{house.alarm_id}/claim"))
    ok(mine.post(f"/api/alarms/{house.alarm_id}/call", json={"target": "elder", "result": "no_answer"}))
    seen = {"n": 2, "attempt": 1} if door == "climb" else {}
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda _: asked(mine, house, door, **seen).status_code, range(6)))
    assert codes.count(409) == (5 if door == "climb" else 0) and set(codes) <= {200, 409}
    tree = ok(asked(mine, house, "tree"))
    assert [len(rung["tries"]) for rung in tree["rungs"]] == [1, 1, 0, 0, 0]


def test_the_case_says_whom_the_next_key_calls_and_the_tree_says_what_was_tried(client: Browser, house: House) -> None:
    mine, path = client(Role.OPERATOR), f"/api/alarms/{house.alarm_id}"
    ok(mine.post(f"{path}/claim"))
    ok(mine.post(f"{path}/steps/call_elder", json={"result": "no_answer"}))
    case = ok(mine.get(path))
    (climb,) = [step for step in case["steps"] if step["key"] == "climb"]
    assert case["next_step"]["key"] == "climb" and climb["contact_id"] == house.daughter.id
    assert climb["turn"] == {
        "n": 2, "kind": "family", "contact_id": house.daughter.id, "attempt": 1, "attempts": 2, "wait": 40,
        "target": "contact",
    }  # fmt: skip
    case = ok(mine.post(f"{path}/steps/climb", json={"result": "help", "note": "马上到"}))
    assert case["next_step"]["why"] == "help"
    rung = ok(mine.get(f"{path}/tree"))["rungs"][1]
    assert (rung["state"], rung["tries"][0]["result"], rung["name"]) == ("reached", "help", "周慧")
    assert rung["promised_at"] is not None


def test_a_press_nobody_answers_climbs_by_itself_until_help_stands_at_the_door(client: Browser, house: House) -> None:
    began, mine = house.began, client(Role.OPERATOR)

    def later(seconds: float) -> datetime:
        return began + timedelta(seconds=seconds)

    def tree() -> dict[str, Any]:
        return dict(ok(asked(mine, house, "tree")))

    def tried() -> list[int]:
        return [rung["tried"] for rung in tree()["rungs"]]

    before = tree()
    assert (before["climb"], before["next"], before["by_itself"]) == (0, 1, False)
    assert datetime.fromisoformat(before["starts_at"]) == later(90)
    run(91, began=began)
    first = tree()
    assert (first["climb"], first["by_itself"]) == (1, True) and datetime.fromisoformat(first["due_at"]) == later(130)
    assert first["rungs"][1]["tries"][0]["by"] == "platform"
    courses = []
    for until in (131, 171, 211, 251):
        run(until, until - 40, began)
        courses.append(tried())
    assert courses == [[0, 2, 0, 0, 0], [0, 2, 1, 0, 0], [0, 2, 2, 0, 0], [0, 2, 2, 1, 0]]
    house.phone(AttendanceState.ACCEPTED)
    tick(later(260))
    assert tree()["reached"] and tree()["rungs"][3]["state"] == "reached"
    house.phone(AttendanceState.ARRIVED, arrived_at=later(600))
    with transaction() as session:
        (found,) = queries.arrived(session, now=later(601))
        actions.notice_arrival(session, found, now=later(601))
    run(3000, 601, began)  # somebody is there: nothing more is due

    case = ok(mine.post(f"/api/alarms/{house.alarm_id}/claim"))
    told = [(line["kind"], line["facts"].get("n")) for line in reversed(case["timeline"])]
    assert told == [
        ("raise", None), ("ring_lead", None), ("call_family", 2), ("climb", 2), ("climb", 3), ("climb", 3),
        ("dispatch", None), ("climb", 4), ("accepted", None), ("rung_reached", 4), ("arrive", None), ("claim", None),
    ]  # fmt: skip
    ok(mine.post(f"/api/alarms/{house.alarm_id}/call", json={"target": "elder", "result": "safe"}))
    assert ok(mine.post(f"/api/alarms/{house.alarm_id}/close", json={"verdict": "real"}))["state"] == "closed"
    with transaction() as session:
        assert not list(proving.verify(session))
        (alarm,) = alarms(session)
        assert (alarm.dispatched_at, alarm.arrived_at) == (later(250), later(600))
        timers = session.scalars(select(AlarmTimer).order_by(AlarmTimer.due_at)).all()
        fired = [(one.kind, (one.fired_at - began).total_seconds(), one.late_seconds) for one in timers if one.fired_at]
        assert fired == [(TimerKind.RING_LEAD, 45, 0), (TimerKind.CALL_FAMILY, 90, 0)]
        assert all(one.fired_at or one.dropped_at for one in timers)
        calls = session.scalars(select(Call).where(Call.user_id.is_(None)).order_by(Call.id)).all()
        assert [one.contact_id for one in calls] == [house.daughter.id] * 2 + [house.neighbour.id] * 2
        told_by_message = session.scalars(select(OutboxMessage.to_whom).order_by(OutboxMessage.id)).all()
        assert told_by_message == ["周慧（女儿）", "王建国（邻居）", "护士0（护理员）"]


def test_the_platform_says_what_the_district_has_written_to_each_who_is_called(client: Browser, house: House) -> None:
    lead = client(Role.SHIFT_LEAD)
    own = {
        "alarm_family": "{elder}在{estate}{what}，去请按1，不去按2",
        "alarm_rescue": "{where}，{elder}{what}，受理请按1",
    }
    for kind, words in own.items():
        wish = {"kind": kind, "channel": "voice", "language": "zh-CN", "text": words}
        ok(lead.post("/api/messages/templates", json=wish))
    nowhere = {"kind": "alarm_rescue", "channel": "voice", "language": "zh-CN", "text": "{elder}{what}"}
    assert lead.post("/api/messages/templates", json=nowhere).status_code == 422
    run(300, began=house.began)  # the responder does not answer
    run(500, 300, house.began)
    with transaction() as session:
        calls = session.scalars(select(Call).where(Call.user_id.is_(None)).order_by(Call.id)).all()
    said = {one.target: one.say for one in calls if one.contact_id != house.neighbour.id}
    assert said == {
        "contact": "林桂芬在河运小区紧急呼叫，去请按1，不去按2",
        "ambulance": "河运小区12号楼2单元302，林桂芬紧急呼叫，受理请按1",
    }
    assert any("本人和家属都没有联系上" in (one.say or "") for one in calls if one.contact_id == house.neighbour.id)


def test_where_nobody_takes_it_on_the_climb_ends_at_120_and_begins_anew(client: Browser) -> None:
    house = House(began=datetime.now(UTC), free=0, rungs=[RESPONDER, AMBULANCE])
    run(91, began=house.began)
    tree = ok(asked(client(Role.OPERATOR), house, "tree"))
    assert [rung["state"] for rung in tree["rungs"]] == ["skipped", "trying"]
    assert tree["rungs"][0]["reason"] == "nobody_free" and tree["rungs"][1]["kind"] == K.AMBULANCE
    run(470, 91, house.began)
    with transaction() as session:
        alarm = session.get_one(Alarm, house.alarm_id)
        assert alarm.rings == "lead"
    assert ok(asked(client(Role.OPERATOR), house, "tree"))["climb"] == 2
