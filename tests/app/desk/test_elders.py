"""The elders' door: who may see what, and that looking is on record."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app import calendar
from app.access.rules import Role
from app.access.tables import AccessLog
from app.db import transaction
from app.funding import actions as funding
from app.funding.rules import Part, Split
from app.orders import actions as orders
from app.orders.rules import VisitEvent, VisitState
from app.people.actions import add_team_member
from app.people.rules import TeamRole
from app.people.tables import Caregiver, CareTeamMember, Contact, Elder
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from tests.cast import (
    OTHER_COMMUNITY,
    TEN,
    a_caregiver,
    a_contact,
    a_visit,
    an_elder,
    an_entitlement,
    an_order,
)
from tests.clients import Client, ok

PHONE = "13800001234"


@pytest.fixture
def lin(database: object) -> Elder:
    """Lin Guifen with a daughter and a guardian, on record; nobody else of her care team."""
    with transaction() as session:
        elder = an_elder(session, categories=["living_alone", "tekun"], phone=PHONE)
        a_contact(session, elder, phone="13900001111")
        add_team_member(session, elder, role=TeamRole.GUARDIAN, name="周慧", phone="13900001111")
        return elder


def looked_at(elder: Elder) -> list[tuple[str, str]]:
    with transaction() as session:
        rows = session.execute(
            select(AccessLog.field, AccessLog.reason).where(AccessLog.elder_id == elder.id).order_by(AccessLog.id)
        )
        return [(row.field, row.reason) for row in rows]


def test_the_glance_shows_the_person_and_masks_what_is_sensitive(client: Callable[..., Client], lin: Elder) -> None:
    answer = client(Role.OPERATOR).get(f"/api/elders/{lin.id}")
    seen = ok(answer)
    assert (seen["name"], seen["phone"], seen["tags"]) == ("林桂芬", "138****1234", ["living_alone", "tekun"])
    assert seen["health"]["allergies"] == ["青霉素"]
    assert (seen["home"]["address"], seen["home"]["entry"]) == ("河运小区", None)
    assert seen["contacts"][0]["phone"] == "139****1111"
    assert [member["role"] for member in seen["care_team"] if member["name"] is None] == [
        "carer", "responsible", "caregiver", "social_worker",
    ]  # fmt: skip
    assert seen["entitlement"] is None
    assert PHONE not in answer.text
    assert "302" not in answer.text


def test_reading_health_is_put_on_record_once_for_a_look(client: Callable[..., Client], lin: Elder) -> None:
    operator = client(Role.OPERATOR)
    for _ in range(2):
        ok(operator.get(f"/api/elders/{lin.id}"))
    assert looked_at(lin) == [("health", "glance")]


def test_a_supervisor_sees_neither_name_nor_health(client: Callable[..., Client], lin: Elder) -> None:
    supervisor = client(Role.SUPERVISOR)
    answer = supervisor.get(f"/api/elders/{lin.id}")
    seen = ok(answer)
    assert (seen["name"], seen["contacts"][0]["name"], seen["may_unmask"]) == ("林*芬", "周*", False)
    assert seen["health"] == {"conditions": [], "allergies": [], "medicines": [], "blood_type": None, "notes": None}
    assert ok(supervisor.get("/api/elders"))["items"][0]["name"] == "林*芬"
    wish = {"field": "phone", "reason": "curious"}
    assert supervisor.post(f"/api/elders/{lin.id}/unmask", json=wish).status_code == 403
    assert looked_at(lin) == []


def test_a_field_is_shown_for_a_reason_and_that_is_on_record(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        contact = session.scalars(select(Contact.id)).one()
        member = session.scalars(select(CareTeamMember.id)).one()
    operator = client(Role.OPERATOR)

    def shown(field: str, target_id: int | None = None) -> str:
        wish = {"field": field, "reason": "calls back", "target_id": target_id}
        value: str = ok(operator.post(f"/api/elders/{lin.id}/unmask", json=wish))["value"]
        return value

    assert shown("phone") == PHONE
    assert shown("id_number") == lin.id_number
    assert shown("address") == "河运小区 12号楼2单元302"
    assert shown("access_note") == "门禁 2580"
    assert shown("place") == "37.886,118.525"
    assert shown("contact_phone", contact) == shown("team_phone", member) == "13900001111"
    assert looked_at(lin)[0] == ("phone", "calls back")
    assert len(looked_at(lin)) == 7


def test_somebody_elses_contact_and_a_missing_reason_are_refused(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        other = a_contact(session, an_elder(session)).id
    operator = client(Role.OPERATOR)
    wish = {"field": "contact_phone", "target_id": other, "reason": "calls back"}
    assert operator.post(f"/api/elders/{lin.id}/unmask", json=wish).status_code == 404
    assert operator.post(f"/api/elders/{lin.id}/unmask", json={"field": "phone", "reason": ""}).status_code == 422
    assert looked_at(lin) == []


@pytest.mark.parametrize("role", [Role.CAREGIVER, Role.RESPONDER, Role.MANAGER, Role.ADMIN])
def test_others_do_not_read_elders(client: Callable[..., Client], lin: Elder, role: Role) -> None:
    browser = client(role)
    for path in ("", f"/{lin.id}", f"/{lin.id}/visits", f"/{lin.id}/month"):
        assert browser.get(f"/api/elders{path}").status_code == 403


def test_an_assessor_finds_elders_and_reads_no_more_of_them(client: Callable[..., Client], lin: Elder) -> None:
    browser = client(Role.ASSESSOR)
    assert [row["id"] for row in ok(browser.get("/api/elders", params={"q": "lgf"}))["items"]] == [lin.id]
    for path in (f"/{lin.id}", f"/{lin.id}/visits", f"/{lin.id}/month"):
        assert browser.get(f"/api/elders{path}").status_code == 403


def test_elders_of_another_area_are_not_there(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        far = an_elder(session, division_code=OTHER_COMMUNITY).id
    near = client(Role.OPERATOR, area="370503001")
    assert [row["id"] for row in ok(near.get("/api/elders"))["items"]] == [lin.id]
    for path in ("", "/visits", "/month"):
        assert near.get(f"/api/elders/{far}{path}").status_code == 404
    assert near.post(f"/api/elders/{far}/unmask", json={"field": "phone", "reason": "guess"}).status_code == 404


def test_the_list_is_paged_and_a_foreign_cursor_is_refused(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        for _ in range(31):
            an_elder(session)
    operator = client(Role.OPERATOR)
    first = ok(operator.get("/api/elders"))
    second = ok(operator.get("/api/elders", params={"cursor": first["next"]}))
    assert len({row["id"] for row in first["items"] + second["items"]}) == 32
    assert second["next"] is None
    assert operator.get("/api/elders", params={"cursor": "x"}).status_code == 422


def an_attendance(caregiver: Caregiver, visit_id: int, state: AttendanceState, starts: datetime) -> Attendance:
    return Attendance(
        district_id=caregiver.district_id, division_code=caregiver.division_code, provider_id=caregiver.provider_id,
        visit_id=visit_id, caregiver_id=caregiver.id, state=state, starts_at=starts,
        ends_at=starts + timedelta(hours=1), arrived_at=starts if state is AttendanceState.IN_SERVICE else None,
    )  # fmt: skip


def test_the_glance_says_who_is_in_the_home_and_who_comes_next(client: Callable[..., Client], lin: Elder) -> None:
    now = datetime.now(UTC)
    with transaction() as session:
        liu, chen = a_caregiver(session), a_caregiver(session, name="陈晨")
        here = a_visit(session, elder=lin, state=VisitState.UNDER_WAY, opens=now)
        coming = a_visit(session, elder=lin, state=VisitState.PUBLISHED, opens=now + timedelta(hours=3))
        session.add(an_attendance(liu, here.id, AttendanceState.IN_SERVICE, now))
        session.add(an_attendance(chen, coming.id, AttendanceState.ACCEPTED, coming.opens))
    seen = ok(client(Role.OPERATOR).get(f"/api/elders/{lin.id}"))
    assert [one["caregiver"] for one in seen["in_home_now"]] == ["刘洁"]
    assert (seen["next_visit"]["id"], seen["next_visit"]["caregivers"]) == (coming.id, ["陈晨"])


def test_the_month_shows_every_cent_with_the_visit_behind_it(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        liu = a_caregiver(session)
        entitlement = an_entitlement(session, lin)
        order = an_order(session, elder=lin, allowance_cents=8_000, self_pay_cents=2_000)
        visit = a_visit(session, order=order, state=VisitState.DONE)
        session.add(an_attendance(liu, visit.id, AttendanceState.FINISHED, TEN))
        funding.reserve_for(session, visit, Split((Part(entitlement, "district", 8_000),), 2_000), by="赵敏", now=TEN)
        orders.move_visit(session, visit, VisitEvent.VERIFY, by="verification", now=TEN)
    supervisor = client(Role.SUPERVISOR)
    month = ok(supervisor.get(f"/api/elders/{lin.id}/month", params={"month": "2026-11"}))
    keys = ("kind", "program", "amount_cents", "balance_cents")
    assert [tuple(line[key] for key in keys) for line in month["lines"]] == [
        ("grant", "district", 26_000, 26_000), ("reserve", "district", 8_000, 18_000),
        ("capture", "district", 8_000, 18_000), ("capture", None, 2_000, 18_000),
    ]  # fmt: skip
    assert month["lines"][2]["visit"]["caregivers"] == ["刘洁"]
    assert (month["self_pay_cents"], month["entitlement"]["captured_cents"]) == (2_000, 8_000)
    assert month["entitlement"]["expires_on"] == "2026-11-30"
    [row] = ok(supervisor.get(f"/api/elders/{lin.id}/visits"))["items"]
    assert (row["id"], row["state"], row["caregivers"], row["allowance_cents"]) == (
        visit.id,
        "verified",
        ["刘洁"],
        8_000,
    )


def test_a_month_that_is_none_is_refused_and_an_empty_one_is_empty(client: Callable[..., Client], lin: Elder) -> None:
    operator = client(Role.OPERATOR)
    assert operator.get(f"/api/elders/{lin.id}/month", params={"month": "2026-13"}).status_code == 422
    month = ok(operator.get(f"/api/elders/{lin.id}/month"))
    assert month["month"] == calendar.month_of(datetime.now(UTC)).isoformat()
    assert (month["lines"], month["entitlement"], date.fromisoformat(month["month"]).day) == ([], None, 1)
