"""The doctor before real parts, well and ill: it finds what is wrong and says what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app import vault
from app.cli.parts import broker, postgres, valkey

pytestmark = pytest.mark.alone


class Patient:
    """An installation of embedded parts, and what the doctor says of it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.database = postgres.start(var / "pg")
        self.redis = valkey.start(var / "valkey")
        self.broker = broker.start(var / "broker")
        (var / "keys.json").touch(mode=0o600)
        (var / "keys.json").write_text(vault.new_keyring())
        self.env = {
            "YINLING_DATABASE_URL": self.database.url,
            "YINLING_DATABASE_OWNER_URL": self.database.owner_url,
            "YINLING_REDIS_URL": self.redis.url,
            "YINLING_MQTT_URL": self.broker.url,
            "YINLING_VAR_DIR": str(var),
            "YINLING_PUBLIC_URL": "http://127.0.0.1:9",
        }

    def run(self, *arguments: str, **changed: str) -> tuple[int, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")}
        command = [sys.executable, "-m", "app.cli", *arguments]
        result = subprocess.run(
            command, env={**env, **self.env, **changed}, capture_output=True, text=True, check=False
        )
        return result.returncode, result.stdout + result.stderr

    def examined(self, **changed: str) -> dict[str, list[str]]:
        """The lines about each part, remedies joined to what they are for."""
        code, said = self.run("doctor", **changed)
        assert code in (0, 1), said
        assert "Traceback" not in said
        found: dict[str, list[str]] = {}
        for line in said.replace("\n" + " " * 14 + "→", " →").splitlines():
            mark, part, text = line.split(maxsplit=2)
            found.setdefault(part, []).append(f"{mark} {text}")
        return found

    def owner(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.database.owner_url.replace("+psycopg", ""), autocommit=True)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    patient = Patient(tmp_path_factory.mktemp("patient"))
    yield patient
    for part in (patient.broker, patient.redis, patient.database):
        part.stop()


def test_parts_that_are_well_are_said_to_be(patient: Patient) -> None:
    found = patient.examined()
    assert [line for line in found["database"] + found["redis"] if not line.startswith("✓")] == []
    assert found["disk"][0].startswith("✓")
    assert found["keys"][0].startswith("! 1 sealing key(s)")


def test_a_schema_that_is_behind_wants_migrate_and_is_well_afterwards(patient: Patient) -> None:
    code, said = patient.run("migrate")
    assert code == 0, said
    assert patient.examined()["migrations"][0].startswith("✓")
    with patient.owner() as owner:
        if owner.execute("select 1 from alembic_version").fetchone() is None:
            pytest.skip("there are no migrations yet")
        owner.execute("update alembic_version set version_num = 'older'")
        try:
            assert patient.examined()["migrations"] == [
                f"✗ the schema is at older, the code expects {_head()} → run `yinling migrate`"
            ]
        finally:
            owner.execute("update alembic_version set version_num = %s", [_head()])


def _head() -> str | None:
    from alembic.script import ScriptDirectory

    from app.cli.database import alembic_config

    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def test_a_role_above_row_level_security_is_an_illness(patient: Patient) -> None:
    found = patient.examined(YINLING_DATABASE_URL=patient.database.owner_url)
    assert any("may pass row-level security" in line and line.startswith("✗") for line in found["database"])


def test_mosquitto_keeps_what_a_listener_misses_and_its_configuration_is_read(patient: Patient) -> None:
    if not patient.broker.mosquitto:
        pytest.skip("mosquitto is not installed")
    said = patient.examined()["broker"]
    assert "answers and keeps what a listener misses" in said[0]
    assert "bears a kill -9" in said[1]
    config = patient.var / "broker" / "mosquitto.conf"
    before = config.read_text()
    config.write_text(before.replace("autosave_on_changes true", "autosave_on_changes false"))
    try:
        assert "autosave_on_changes true" in patient.examined()["broker"][1]
        assert patient.examined()["broker"][1].startswith("✗")
    finally:
        config.write_text(before)


def test_the_broker_in_memory_is_said_to_forget(patient: Patient, tmp_path: Path) -> None:
    forgetful = broker.start(tmp_path, mosquitto=False)
    try:
        said = patient.examined(YINLING_MQTT_URL=forgetful.url)["broker"]
        assert said[0].startswith("✓")
        assert said[1].startswith("! the embedded broker keeps everything in memory")
    finally:
        forgetful.stop()


@pytest.mark.parametrize(
    ("variable", "wrong", "part", "remedy"),
    [
        ("YINLING_DATABASE_URL", "postgresql+psycopg://a:b@127.0.0.1:9/c", "database", "YINLING_DATABASE_URL"),
        ("YINLING_REDIS_URL", "redis://127.0.0.1:9/0", "redis", "YINLING_REDIS_URL"),
        ("YINLING_MQTT_URL", "mqtt://a:b@127.0.0.1:9", "broker", "YINLING_MQTT_URL"),
    ],
)
def test_a_part_that_is_away_is_named_with_its_setting(
    patient: Patient, variable: str, wrong: str, part: str, remedy: str
) -> None:
    said = patient.examined(**{variable: wrong})[part][0]
    assert said.startswith("✗ no ")
    assert remedy in said


def test_keys_that_others_can_read_are_an_illness(patient: Patient) -> None:
    file = patient.var / "keys.json"
    file.chmod(0o644)
    try:
        assert patient.examined()["keys"][0].endswith(f"→ chmod 600 {file}")
    finally:
        file.chmod(0o600)


def test_a_backup_comes_back(patient: Patient, tmp_path: Path) -> None:
    file = tmp_path / "银铃.dump"
    with patient.owner() as owner:
        owner.execute("create table kept as select 7 as number")
        assert patient.run("backup", str(file))[0] == 0
        assert file.stat().st_mode & 0o077 == 0
        owner.execute("update kept set number = 8")
        code, said = patient.run("restore", str(file))
        assert code == 2
        assert "--yes" in said
        assert owner.execute("select number from kept").fetchone() == (8,)
        code, said = patient.run("restore", str(file), "--yes")
        assert code == 0, said
        assert owner.execute("select number from kept").fetchone() == (7,)
        owner.execute("drop table kept")
