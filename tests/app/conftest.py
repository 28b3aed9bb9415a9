"""What the tests of the features share."""

import os
from collections.abc import Iterator

import pytest

from app.config import settings
from tests.clients import TOKEN


@pytest.fixture
def token() -> Iterator[str]:
    """The token of the webhooks, set for one test."""
    os.environ["YINLING_HOOKS_TOKEN"] = TOKEN
    settings.cache_clear()
    yield TOKEN
    del os.environ["YINLING_HOOKS_TOKEN"]
    settings.cache_clear()
