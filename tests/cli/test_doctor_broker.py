"""The doctor before brokers that are well, forgetful, narrow and open: over the wire, and by their configuration."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.checks import broker_config, broker_probe
from app.cli.checks.broker import broker as examine
from app.cli.finding import Finding, State
from app.cli.parts import Part, Running, free_port
from app.cli.parts.broker import answers
from app.config import settings
from devices import broker
from devices.broker import Account, Role
from devices.mqtt import Address
from tests.devices.conftest import ROOT

pytestmark = [pytest.mark.alone, pytest.mark.skipif(not broker.executable(), reason="mosquitto is not here")]
Start = Callable[[dict[str, str]], Address]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """`start({line: other})` is the address of a Mosquitto of our own with these lines changed."""
    running: list[Running] = []

    def begin(changes: dict[str, str]) -> Address:
        folder, port = tmp_path / "broker", free_port()
        broker.write(folder, port=port, accounts=[Account("platform", "p-secret", Role.PLATFORM)])
        config = (folder / "mosquitto.conf").read_text()
        for line, other in changes.items():
            assert line in config
            config = config.replace(line, other)
        (folder / "mosquitto.conf").write_text(config)
        url = f"mqtt://platform:p-secret@127.0.0.1:{port}"
        running.append(Running(Part(name="b", command=broker.command(folder), ready=lambda: answers(url)), tmp_path))
        monkeypatch.setenv("YINLING_MQTT_URL", url)
        monkeypatch.setenv("YINLING_VAR_DIR", str(tmp_path))
        settings.cache_clear()
        return Address.of(url)

    yield begin
    for one in running:
        one.stop()
    monkeypatch.undo()
    settings.cache_clear()


def ills() -> list[Finding]:
    return [finding for finding in examine() if finding.state is not State.WELL]


def test_our_own_configuration_is_well(start: Start) -> None:
    seen = broker_probe.behaviour(start({}))
    assert (seen.kept, seen.granted, seen.downgraded, seen.strangers) == (broker_probe.MANY, 1, 0, False)
    assert seen.at_once == broker_probe.WINDOW
    assert ills() == []


def test_the_defaults_of_mosquitto_are_found_over_the_wire(start: Start) -> None:
    address = start({
        "max_queued_messages 0": "max_queued_messages 1000", "max_inflight_messages 1000": "max_inflight_messages 20",
        "allow_anonymous false": "allow_anonymous true",
    })  # fmt: skip
    seen = broker_probe.behaviour(replace(address, protocol="3.1.1"))  # in MQTT 5 a listener itself asks for more
    assert seen.session_kept and seen.kept < broker_probe.MANY and seen.at_once == 20 and seen.strangers
    said = " ".join(finding.says for finding in ills())
    assert "it kept 1000 of" in said and "max_inflight_messages 20" in said and "without a name" in said


RULED = {rule.name for rule in broker_config.RULES}


@pytest.mark.parametrize("line", [line for line in broker.SAFE.splitlines() if line.split()[0] in RULED])
def test_each_safe_line_that_is_missing_or_wrong_is_named(line: str) -> None:
    said = dict(other.split(" ", 1) for other in broker.SAFE.splitlines())
    said["acl_file"] = "x"
    assert [*broker_config.faults(said)] == []
    name = line.split()[0]
    (fault,) = broker_config.faults(said | {name: {"true": "false", "false": "true"}.get(said[name], "3h")})
    assert fault.name == name and fault.remedy.split()[0] == name


def test_the_file_for_a_server_has_no_fault_and_one_without_rights_has(tmp_path: Path) -> None:
    assert [*broker_config.faults(broker_config.read(ROOT / "deploy/mosquitto.conf"))] == []
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "queue.conf").write_text("max_queued_messages 50\n")
    (tmp_path / "mosquitto.conf").write_text(f"# ours\npersistence true\ninclude_dir {tmp_path / 'conf.d'}\n")
    found = {fault.name for fault in broker_config.faults(broker_config.read(tmp_path / "mosquitto.conf"))}
    assert found >= {"max_queued_messages", "autosave_on_changes", "max_inflight_messages", "acl_file"}
    assert "persistence" not in found
