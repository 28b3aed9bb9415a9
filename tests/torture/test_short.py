"""The proof in short: what `make torture` asks for hours, asked for seconds."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from app import live, vault
from app.config import settings as configuration
from app.db import engine
from devices.broker import executable
from tests.torture import month, presses, races, rights, skew

pytestmark = pytest.mark.alone
needs_mosquitto = pytest.mark.skipif(not executable(), reason="mosquitto is not here")


@pytest.fixture
def house_of_its_own() -> Iterator[None]:
    """The run lays its own parts, as if nothing were set, and afterwards the settings are the tests' again."""
    before = _forget_settings()
    yield
    _forget_settings()
    os.environ.update(before)


def _forget_settings() -> dict[str, str]:
    """What was set. Connections are closed first: whoever comes next opens their own."""
    if engine.cache_info().currsize:
        engine().dispose()
    if live.client.cache_info().currsize:
        live.client().close()
    for cached in (configuration, engine, live.client, vault.keyring):
        cached.cache_clear()
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("YINLING_")}


@needs_mosquitto
@pytest.mark.usefixtures("house_of_its_own")
def test_two_thousand_presses_survive_the_kill_of_every_part(tmp_path: Path) -> None:
    row = presses.run(tmp_path, events=2000, elders=400, pause=(0.2, 0.8), kills=6)
    assert row.holds, row.faults
    assert row.counted["signals"] == 2000
    assert str(row.counted["killed"]).count(" 1") == 6, "each part once"


def test_fifty_presses_at_once_are_one_alarm_round_after_round(database: Engine) -> None:
    row = races.presses_at_once(4)
    assert row.holds, row.faults


def test_of_a_hundred_who_claim_at_once_one_wins_round_after_round(database: Engine) -> None:
    row = races.claims_at_once(2)
    assert row.holds, row.faults


def test_days_of_escalations_are_all_in_time(database: Engine) -> None:
    row = month.run(days=4, presses_a_day=12)
    assert row.holds, row.faults
    escalations = row.counted["escalations"]
    assert isinstance(escalations, int) and escalations > 40 and row.counted["times away"]


CLOCKS = st.timedeltas(min_value=skew.EARLIEST, max_value=skew.LATEST).map(
    lambda off: timedelta(seconds=round(off.total_seconds()))
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(skews=st.lists(CLOCKS | st.sampled_from(skew.EDGES), min_size=3, max_size=4))
def test_no_device_clock_changes_an_order_or_a_figure(database: Engine, skews: list[timedelta]) -> None:
    assert not skew.differs("skew", skews)


@needs_mosquitto
def test_no_device_passes_for_another(tmp_path: Path, database: Engine) -> None:
    row = rights.run(tmp_path)
    assert row.holds, row.faults
