"""What the tests of the features share."""

import os
from collections.abc import Iterator

import pytest

from app.config import settings


@pytest.fixture
def token() -> Iterator[str]:
    """The token of the webhooks, set for one test."""
    os.environ["YINLING_HOOKS_TOKEN"] = "open sesame"
    settings.cache_clear()
    yield "open sesame"
    del os.environ["YINLING_HOOKS_TOKEN"]
    settings.cache_clear()
