"""The stock's door: register, find, label, give keys, import and undo, as the desk does it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.access.rules import Role
from app.access.tables import District
from app.db import transaction
from app.equipment import models
from app.equipment.tables import Device, DeviceModel
from app.stock import import_api, importing, labels
from app.stock.rules import CredentialState
from app.stock.tables import Credential
from tests.app.bodies import MODEL
from tests.app.stock.test_importing import a_row, xlsx
from tests.cast import STREET, a_device
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database")
Door = Callable[..., Client]


@pytest.fixture(autouse=True)
def catalogue(database: None) -> None:
    with transaction() as session:
        models.load(session)


@pytest.fixture
def admin(client: Door) -> Client:
    return client(Role.ADMIN)


def registered(admin: Client, **given: Any) -> dict[str, Any]:
    answer = admin.post("/api/stock", json={"wire_id": "pendant-9c01", "model_id": "yl-pendant", **given})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_device_is_registered_found_by_any_of_its_numbers_and_not_twice(admin: Client) -> None:
    registered(admin, serial="SN-77", lot="2026-第2批", sim="89860123456789012345")
    for words in ("pendant-9c", "SN-7", "2026-第", "PENDANT"):
        assert [row["wire_id"] for row in ok(admin.get("/api/stock", params={"q": words}))["items"]] == ["pendant-9c01"]
    for words in ("9c01", "%", "_"):
        assert ok(admin.get("/api/stock", params={"q": words}))["items"] == []
    (row,) = ok(admin.get("/api/stock?without_key=true&state=in_stock&lot=2026-第2批&model=yl-pendant"))["items"]
    assert row["has_sim"] and "89860123" not in str(row) and row["may_have_key"]
    for same in ({"wire_id": "pendant-9c01"}, {"wire_id": "p2", "sim": "89860123456789012345"}):
        assert admin.post("/api/stock", json={"model_id": "yl-pendant", **same}).status_code == 409
    assert admin.post("/api/stock", json={"wire_id": "a b", "model_id": "yl-pendant"}).status_code == 422
    assert admin.post("/api/stock", json={"wire_id": "24e1", "model_id": "milesight-ws303"}).status_code == 422
    assert ok(admin.get("/api/stock/counts"))["without_key"] == 1


def test_a_password_is_answered_once_and_by_nobody_kept(admin: Client, client: Door) -> None:
    number = registered(admin)["id"]
    answer = admin.post(f"/api/stock/{number}/password")
    shown = ok(answer)
    assert answer.headers["cache-control"] == "no-store" and len(shown["password"]) > 30
    (row,) = ok(admin.get("/api/stock?key=wanted"))["items"]
    assert row["key"]["state"] == "wanted" and shown["password"] not in str(row)
    assert client(Role.DISPATCHER).post(f"/api/stock/{number}/password").status_code == 403
    row = ok(admin.post(f"/api/stock/{number}/withdraw", json={"reason": "丢失"}))
    assert row["key"]["state"] == "withdrawn"
    assert admin.post("/api/stock/999999/withdraw", json={"reason": "x"}).status_code == 404


def test_a_certificate_comes_with_its_key_and_its_authority(admin: Client) -> None:
    number = registered(admin)["id"]
    shown = ok(admin.post(f"/api/stock/{number}/certificate", json={}))
    assert all("BEGIN" in shown[name] for name in ("certificate", "private_key", "authority"))
    assert admin.post(f"/api/stock/{number}/certificate", json={"request": "x"}).status_code == 422
    with transaction() as session:
        (row,) = session.scalars(select(Credential)).all()
        assert (row.state, row.secret) == (CredentialState.WANTED, None)
        assert "PRIVATE" not in str(session.execute(text("select * from certificate_authorities")).all())


def test_a_label_opens_the_phone_at_its_device_and_holds_no_secret(admin: Client) -> None:
    number = registered(admin)["id"]
    admin.post(f"/api/stock/{number}/password")
    sheet = ok(admin.get("/api/stock/labels", params={"ids": [number, 999_999, number]}))
    (label,) = sheet["items"]
    assert label["number"] == "pendant-9c01" and label["url"].endswith("/phone/?device=pendant-9c01")
    assert re.fullmatch(r"(M\d+ \d+h\d+v1h-\d+z)+", label["path"]) and label["size"] > 25


def test_the_code_draws_every_dark_module_once() -> None:
    import segno

    code = labels.code("https://care.example.cn", "床头/1")
    assert code.url == "https://care.example.cn/phone/?device=%E5%BA%8A%E5%A4%B4%2F1"
    drawn = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", code.path):
        drawn |= {(int(x) + n, int(y)) for n in range(int(width))}
    matrix = segno.make_qr(code.url, error="q", boost_error=False).matrix_iter(border=4)
    assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}


def test_an_administrator_changes_a_model_and_everybody_sees_who_did(admin: Client, client: Door) -> None:
    assert client(Role.SHIFT_LEAD).post("/api/stock/models", json={**MODEL, "id": "yl-next"}).status_code == 403
    assert admin.post("/api/stock/models", json={**MODEL, "id": "yl-next"}).status_code == 201
    assert admin.post("/api/stock/models", json={**MODEL, "id": "yl-next"}).status_code == 409
    assert admin.post("/api/stock/models", json={**MODEL, "id": "yl-bad", "family": "none"}).status_code == 422
    assert admin.put("/api/stock/models/yl-next", json={**MODEL, "silence_seconds": 60}).status_code == 422
    before = next(m for m in ok(admin.get("/api/stock/models"))["items"] if m["id"] == "yl-pendant")
    after = {**before, "heartbeat_seconds": 900}
    assert ok(admin.put("/api/stock/models/yl-pendant", json=after))["edited"] == ["heartbeat_seconds"]
    (edit,) = ok(client(Role.DISPATCHER).get("/api/stock/models/yl-pendant/edits"))
    assert (edit["before"], edit["after"]) == ({"heartbeat_seconds": 1800}, {"heartbeat_seconds": 900})
    with transaction() as session:
        models.load(session)
        assert session.get_one(DeviceModel, "yl-pendant").heartbeat_seconds == 900


def test_a_changed_promise_is_kept_at_once_in_every_district(admin: Client) -> None:
    late = datetime.now(UTC) + timedelta(days=3)
    with transaction() as session:
        session.add(District(id=370502, name="东营区"))
        session.flush()
        ours = a_device(session, look_at=late)
        theirs = Device(
            district_id=370502, division_code="370502001001", wire_id="neighbour-1", model_id="yl-pendant",
            look_at=late,
        )  # fmt: skip
        session.add(theirs)
    model = next(m for m in ok(admin.get("/api/stock/models"))["items"] if m["id"] == "yl-pendant")

    def looked_at() -> list[bool]:
        with transaction() as session:
            return [session.get_one(Device, one.id).look_at == late for one in (ours, theirs)]

    ok(admin.put("/api/stock/models/yl-pendant", json={**model, "name": "呼叫挂坠"}))
    assert looked_at() == [True, True], "a new name is no new promise"
    ok(admin.put("/api/stock/models/yl-pendant", json={**model, "silence_seconds": model["silence_seconds"] + 60}))
    assert looked_at() == [False, False]


def test_a_file_is_uploaded_checked_applied_and_undone(admin: Client) -> None:
    content = xlsx(a_row("p1"), a_row("p 2"))
    made = admin.post("/api/stock/imports", params={"name": "设备.xlsx"}, content=content)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    importing.check(number, now=datetime.now(UTC))
    row = ok(admin.get(f"/api/stock/imports/{number}"))
    assert (row["state"], row["counts"], row["problem_count"]) == ("checked", {"new": 1, "bad": 1}, 1)
    assert row["problems"][0]["row"] == 3 and set(row["possible"]) == {"confirm", "discard"}
    assert admin.post(f"/api/stock/imports/{number}/confirm", json={"mode": "whole"}).status_code == 409
    ok(admin.post(f"/api/stock/imports/{number}/confirm", json={"mode": "skip_bad"}))
    importing.apply(number, by="王工", now=datetime.now(UTC))
    assert [row["wire_id"] for row in ok(admin.get("/api/stock"))["items"]] == ["p1"]
    assert ok(admin.post(f"/api/stock/imports/{number}/undo"))["state"] == "undone"
    assert ok(admin.get("/api/stock"))["items"] == []
    assert [row["state"] for row in ok(admin.get("/api/stock/imports"))] == ["undone"]


def test_the_template_comes_as_a_workbook(admin: Client) -> None:
    answer = admin.get("/api/stock/imports/template")
    assert answer.headers["content-type"] == import_api.XLSX and answer.content[:2] == b"PK"


def test_a_file_may_be_larger_than_other_requests_and_not_larger_than_its_limit(admin: Client) -> None:
    assert admin.post("/api/stock/imports", content=b"x" * 3_000_000).status_code == 201
    assert admin.post("/api/stock/imports", content=b"x" * (import_api.MOST_BYTES + 1)).status_code == 413
    assert admin.post("/api/stock/imports", content=b"").status_code == 422


def test_who_sees_a_street_sees_its_devices_and_adds_nothing_to_the_stock(admin: Client, client: Door) -> None:
    with transaction() as session:
        there = a_device(session)
    registered(admin)
    lead = client(Role.SHIFT_LEAD, area=STREET[:9])
    assert [row["id"] for row in ok(lead.get("/api/stock"))["items"]] == [there.id]
    assert lead.post("/api/stock", json={"wire_id": "p5", "model_id": "yl-pendant"}).status_code == 403
    assert lead.post("/api/stock/imports", content=b"x").status_code == 403
    assert ok(lead.post(f"/api/stock/{there.id}/password"))["username"] == there.wire_id
