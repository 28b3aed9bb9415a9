"""A button from the stock to an elder's neck, in three real browsers against the real processes."""

import pytest
from playwright.sync_api import Browser

from tests.journeys.house import House
from tests.journeys.installing import Installation

pytestmark = pytest.mark.journey


def test_an_installed_button_rings_as_a_test_once_and_then_for_real(house: House, chromium: Browser) -> None:
    Installation(house, chromium).walk()
