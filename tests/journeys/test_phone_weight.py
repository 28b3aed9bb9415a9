"""The phone's first load stays light: every byte of it travels over 3G."""

import pytest

from bench.phone.weight import LIMIT, first_load
from tests.journeys.house import ROOT

pytestmark = pytest.mark.journey


def test_the_first_load_of_the_phone_fits() -> None:
    weight = first_load(ROOT / "web" / "dist")
    assert any(path.endswith(".js") for path in weight) and any(path.endswith(".css") for path in weight)
    assert sum(weight.values()) <= LIMIT, weight
