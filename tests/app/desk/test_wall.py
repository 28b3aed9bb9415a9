"""The wall board tells the room what it needs, to whoever holds its key, and not a name more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app import calendar
from app.access.rules import Role
from app.alarms import hearing
from app.alarms.rules import AlarmKind
from app.db import Scope, transaction
from app.desk import wall_queries
from app.desk.wall_queries import surname
from app.people.tables import Elder
from app.performance.rules import EXCEPTION
from tests.app.test_every_route import application, somebody
from tests.cast import OTHER_COMMUNITY, STREET, an_elder
from tests.clients import Client, ok


def ring(name: str, kind: AlarmKind = AlarmKind.SOS, **given: Any) -> int:
    """Somebody calls for help now."""
    with transaction() as session:
        elder: Elder = an_elder(session, name=name, **given)
        who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
        now = datetime.now(UTC)
        return hearing.call_for_help(session, kind, who, hearing.Press(now), by="test", now=now).id


def a_screen(**given: Any) -> Client:
    """A board in a room, with its key."""
    link = ok(somebody(Role.SHIFT_LEAD, **given).post("/api/wall/links", json={"room": "接警大厅", "days": 30}))
    token = link["path"].partition("#")[2]
    return Client(application(), headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)


def test_the_room_sees_what_rings_and_no_more_of_a_person_than_a_surname(database: Engine) -> None:
    fall = ring("欧阳玉田", AlarmKind.INACTIVITY)
    sos = ring("林桂芬")
    screen = a_screen()
    answer = screen.get("/api/wall")
    wall = ok(answer)
    assert [(one["id"], one["surname"], one["place"]) for one in wall["alarms"]] == [
        (sos, "林", "河运社区"), (fall, "欧阳", "河运社区"),
    ]  # fmt: skip
    assert (wall["ringing"], wall["gravest"], wall["room"]) == (2, 1, "接警大厅")
    for secret in ("林桂芬", "玉田", "12号楼", "河运小区", "2580", "青霉素", "高血压"):
        assert secret not in answer.text


def test_whoever_claims_is_named_and_their_cases_are_counted(database: Engine) -> None:
    alarm = ring("林桂芬")
    operator = somebody(Role.OPERATOR, name="孙磊")
    ok(operator.post("/api/shift/start"))
    ok(operator.post(f"/api/alarms/{alarm}/claim"))
    wall = ok(a_screen().get("/api/wall"))
    assert [(one["name"], one["cases"]) for one in wall["on_duty"]] == [("孙磊", 1)]
    assert [(one["claimed_by"], one["ringing_since"]) for one in wall["alarms"]] == [("孙磊", None)]
    assert (wall["ringing"], wall["handled"], wall["longest_since"]) == (0, 1, None)
    human = next(one for one in wall["clocks"] if one["clock"] == "human")
    assert (human["n"], human["in_time"]) == (1, 1)


def test_a_storm_fills_the_lines_and_is_counted_whole(database: Engine) -> None:
    for n in range(wall_queries.SHOWN + 3):
        ring(f"林{n}")
    wall = ok(a_screen().get("/api/wall"))
    assert (len(wall["alarms"]), wall["ringing"]) == (wall_queries.SHOWN, wall_queries.SHOWN + 3)


def test_a_key_opens_only_the_board_and_only_its_area(database: Engine) -> None:
    ring("林桂芬", division_code=OTHER_COMMUNITY)
    screen = a_screen(area=STREET[:9])
    assert ok(screen.get("/api/wall"))["alarms"] == []
    for path in ("/api/alarms", "/api/wall/links", "/api/elders", "/api/live"):
        assert screen.get(path).status_code == 401, path


@pytest.mark.parametrize("token", ["", "x" * 43, "Bearer"])
def test_a_wrong_key_opens_nothing(token: str, database: Engine) -> None:
    screen = Client(application(), headers={"Authorization": f"Bearer {token}"})
    assert screen.get("/api/wall").status_code == 403


def test_a_key_that_was_taken_back_or_has_run_out_opens_nothing(database: Engine) -> None:
    lead = somebody(Role.SHIFT_LEAD)
    screen = a_screen()
    (link,) = ok(lead.get("/api/wall/links"))["items"]
    assert "token" not in str(link)
    assert lead.delete(f"/api/wall/links/{link['id']}").status_code == 204
    assert screen.get("/api/wall").status_code == 403
    assert ok(lead.get("/api/wall/links"))["items"] == []
    late = a_screen()
    ok(late.get("/api/wall"))
    with database.begin() as connection:
        gone = text("update wall_links set made_at = cast(:now as timestamptz) - interval '31 days', expires_at = :now")
        connection.execute(gone, {"now": datetime.now(UTC)})
    assert late.get("/api/wall").status_code == 403


def test_the_wall_counts_as_the_page_of_figures_does(database: Engine) -> None:
    alarm, now = ring("林桂芬"), datetime.now(UTC)
    lead = somebody(Role.SHIFT_LEAD)
    first, _ = calendar.day_bounds(calendar.day_of(now))
    at = {"id": alarm, "at": first, "answered": first + timedelta(seconds=42)}
    with database.begin() as connection:
        connection.execute(text("update alarms set raised_at = :at, answered_at = :answered where id = :id"), at)
    ok(lead.post("/api/figures/targets", json={"targets": {"human": [[40, 0.9]]}}))
    told = ok(lead.get("/api/figures"))["all"]["clocks"]["human"]
    wall = next(one for one in ok(a_screen().get("/api/wall"))["clocks"] if one["clock"] == "human")
    assert (wall["n"], wall["in_time"], wall["limit"], wall["target"]) == (1, 0, 40, 0.9)
    assert (wall["median"], wall["p95"]) == (told["p50"], told["p95"]) == (42.0, 42.0)


def test_what_nobody_answers_makes_the_clock_worse_before_anybody_answers(database: Engine) -> None:
    alarm, now = ring("林桂芬"), datetime.now(UTC)
    first, _ = calendar.day_bounds(calendar.day_of(now))
    with database.begin() as connection:
        connection.execute(text("update alarms set raised_at = :at where id = :id"), {"at": first, "id": alarm})
    with transaction(Scope.PLATFORM) as session:
        district = session.execute(text("select district_id from alarms where id = :id"), {"id": alarm}).scalar_one()

        def human(seconds: int) -> wall_queries.ClockRow:
            return wall_queries.clocks(session, district, now=first + timedelta(seconds=seconds))[1]

        young, old = human(EXCEPTION - 1), human(EXCEPTION + 1)
    assert (young.n, old.n, old.in_time, old.p95) == (0, 1, 0, 181.0)


@pytest.mark.parametrize(
    ("name", "shown"), [("林桂芬", "林"), ("欧阳秘书", "欧阳"), ("Mary Smith", "S."), ("", None), (None, None)]
)
def test_a_surname_is_all_there_is(name: str | None, shown: str | None) -> None:
    assert surname(name) == shown
