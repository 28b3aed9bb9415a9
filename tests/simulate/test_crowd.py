"""A simulated crowd speaks for registered devices only where it knows their words."""

import pytest
from sqlalchemy import Engine

from app.cli.crowd import NoTargets, run, table
from app.db import transaction
from app.equipment.rules import DeviceState
from app.simulate import crowd
from devices.crowd.rates import SORTS, Way
from devices.crowd.score import Cost, Score
from tests.cast import a_device


def test_it_may_be_the_installed_devices_it_knows_how_to_be(database: Engine) -> None:
    with transaction() as session:
        a_device(session, wire_id="round-her-neck", model="yl-pendant")
        a_device(session, wire_id="9012345678", model="watch-3g")
        a_device(session, wire_id="over-the-stove", model="yl-gas")
        a_device(session, wire_id="in-the-drawer", model="yl-pendant", state=DeviceState.RETIRED)
    found = dict(crowd.registered())
    assert found["round-her-neck"] == "help button" and found["9012345678"] == "3G watch"
    assert not {"over-the-stove", "in-the-drawer"} & found.keys()
    assert set(crowd.SORTS.values()) <= {sort.name for sort in SORTS}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"profile": "holiday"}, "no profile"),
        ({}, "Nowhere to speak to"),
        ({"listeners": "3g"}, "write protocol:port"),
    ],
)
def test_what_cannot_be_simulated_is_said(given: dict[str, str], words: str) -> None:
    asked = {"profile": "calm", "listeners": "", **given}
    with pytest.raises(NoTargets, match=words):
        run(
            count=1, seconds=1, seed=7, own=0, broker="", host="127.0.0.1", strangers=True, profile=asked["profile"],
            listeners=asked["listeners"], tell=lambda *_: None, say=lambda _: None,
        )  # fmt: skip


def test_the_table_has_a_column_for_each_way_that_was_spoken() -> None:
    score = Score(devices=3, connections=1, events=4, acknowledged=3, seconds=[0.1, 0.2, 0.4])
    drawn = table({Way.CARE: score, Way.GT06: Score()}, Cost(1.0, 50.0))
    assert [column.header for column in drawn.columns] == ["", "care/v1"]
    assert score.lost == 1
    assert (score.percentile(0.5), score.percentile(1), Score().percentile(0.5)) == (0.2, 0.4, None)
