"""A logged-in browser for tests of the API, without a browser."""

from typing import Any

from fastapi.testclient import TestClient

Client = TestClient


class Refusal(AssertionError):
    """The API said no where the story expected yes."""


def ok(response: Any) -> Any:
    """The JSON of a successful answer; the problem document in the failure otherwise."""
    if response.status_code >= 400:
        raise Refusal(f"{response.status_code} {response.text}")
    return response.json() if response.content else None
