"""A gateway that takes the same message twice."""

import os
from collections.abc import Iterator

import pytest

from app.config import settings


@pytest.fixture
def forgetful() -> Iterator[None]:
    """It is told no id, so it cannot know a repeat."""
    os.environ["YINLING_MESSAGES_URL"] = "json://127.0.0.1:9/?:to={to}"
    settings.cache_clear()
    yield
    del os.environ["YINLING_MESSAGES_URL"]
    settings.cache_clear()
