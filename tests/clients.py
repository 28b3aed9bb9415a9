"""A logged-in browser for tests of the API, without a browser."""

import json
from typing import Any

from fastapi.testclient import TestClient

from app.calls.signing import signed

Client = TestClient
TOKEN = "open sesame"


class Refusal(AssertionError):
    """The API said no where the story expected yes."""


def ok(response: Any) -> Any:
    """The JSON of a successful answer; the problem document in the failure otherwise."""
    if response.status_code >= 400:
        raise Refusal(f"{response.status_code} {response.text}")
    return response.json() if response.content else None


def post_signed(
    browser: TestClient, target: str, said: Any, *, token: str = TOKEN, timestamp: str | None = None
) -> Any:
    """The answer to a switchboard that signs what it says."""
    body = b"" if said is None else json.dumps(said).encode()
    headers = {"Content-Type": "application/json", **signed(token, "POST", target, body, timestamp=timestamp)}
    return browser.post(target, content=body, headers=headers)
