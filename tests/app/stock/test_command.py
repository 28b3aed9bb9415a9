"""`yinling import devices` and `yinling accounts`: the stock from the command line."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from app.cli import cli
from app.db import transaction
from app.equipment import models
from app.equipment.tables import Device
from app.stock import keys
from tests.app.stock.test_importing import a_row, xlsx
from tests.cast import a_device
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def catalogue(database: None) -> None:
    with transaction() as session:
        models.load(session)


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, arguments)
    return answer.exit_code, answer.output


def registered() -> list[str]:
    with transaction() as session:
        return list(session.scalars(select(Device.wire_id).order_by(Device.wire_id)))


def test_a_file_is_tried_refused_and_imported_without_its_bad_row(tmp_path: Path) -> None:
    file = tmp_path / "设备.xlsx"
    file.write_bytes(xlsx(a_row("p1"), a_row("p 2"), a_row("p3")))
    code, said = run("import", "devices", str(file))
    assert (code, registered()) == (1, []) and "row 3, 设备编号: p 2" in said
    assert run("import", "devices", str(file), "--dry-run", "--skip-bad")[0] == 0 and registered() == []
    assert run("import", "devices", str(file), "--skip-bad")[0] == 0 and registered() == ["p1", "p3"]
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
    assert run("import", "devices", str(tmp_path / "x.xlsx"))[0] == 1
    assert run("import", "devices", str(file), "--district", "1")[0] == 2


def test_a_broker_gets_its_files_from_the_register(tmp_path: Path) -> None:
    with transaction() as session:
        device = a_device(session, wire_id="pendant-3f21")
        password = keys.give_password(session, device.id, by="王工", now=MORNING).password or "?"
    code, lines = run("accounts", "passwords")
    assert code == 0 and lines.startswith("pendant-3f21:$7$101$") and password not in lines
    people = tmp_path / "people.json"
    people.write_text(json.dumps({"platform": "p", "gateway": "g", "admin": "a"}))
    file = json.loads(run("accounts", "dynsec", str(people))[1])
    assert {client["username"] for client in file["clients"]} == {"platform", "gateway", "admin", "pendant-3f21"}
    assert "BEGIN CERTIFICATE" in run("accounts", "authority")[1]
    assert "BEGIN X509 CRL" in run("accounts", "revoked")[1]
    assert run("accounts", "check")[0] == 2
