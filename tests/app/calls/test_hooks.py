"""The switchboard's doors under attack: no signature, an old one, another's words, far too many of them."""

import json
import time
from collections.abc import Callable

import pytest

from app.calls.signing import BODY, SIGNATURE, TIMESTAMP, signed
from tests.app.calls.story import HOOK, browser, calls, say, the_call
from tests.clients import TOKEN, ok, post_signed

pytestmark = pytest.mark.usefixtures("database")
REPORT = {"event": "ringing", "call_id": "pbx-1", "phone": "13800005521"}
WORDS = json.dumps(REPORT).encode()


STRANGERS: dict[str, Callable[[], dict[str, str]]] = {
    "nothing": dict,
    "the token itself": lambda: {"Authorization": f"Bearer {TOKEN}"},
    "a time alone": lambda: {TIMESTAMP: str(int(time.time()))},
    "another secret": lambda: signed("another secret", "POST", HOOK, WORDS),
    "another verb": lambda: signed(TOKEN, "GET", HOOK, WORDS),
    "another door": lambda: signed(TOKEN, "POST", f"{HOOK}/to-dial", WORDS),
    "other words": lambda: signed(TOKEN, "POST", HOOK, WORDS.replace(b"ringing", b"hung_up")),
    "another time": lambda: signed(TOKEN, "POST", HOOK, WORDS) | {TIMESTAMP: "0"},
    "half a signature": lambda: signed(TOKEN, "POST", HOOK, WORDS) | {SIGNATURE: "sha256="},
    "no end of digits": lambda: signed(TOKEN, "POST", HOOK, WORDS) | {TIMESTAMP: "9" * 400},
    "a power of ten": lambda: signed(TOKEN, "POST", HOOK, WORDS) | {TIMESTAMP: "-1e3"},
    "digits of another script": lambda: {TIMESTAMP: "\u0661", SIGNATURE: "\u00e9"},
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_whoever_cannot_sign_stays_outside(stranger: str, token: str) -> None:
    headers = STRANGERS[stranger]()
    raw = [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]
    answer = browser().post(HOOK, content=WORDS, headers=[(b"Content-Type", b"application/json"), *raw])
    assert answer.status_code == 403, answer.text
    assert calls() == []


@pytest.mark.parametrize("age", [-400, 400, 86_400])
def test_what_was_signed_long_ago_or_will_be_is_refused(age: int, token: str) -> None:
    answer = post_signed(browser(), HOOK, REPORT, timestamp=str(int(time.time()) - age))
    assert answer.status_code == 403 and "too old" in answer.json()["detail"]
    assert calls() == []


def test_a_report_caught_and_sent_again_changes_nothing(token: str) -> None:
    headers = {"Content-Type": "application/json", **signed(TOKEN, "POST", HOOK, WORDS)}
    for _ in range(3):
        ok(browser().post(HOOK, content=WORDS, headers=headers))
    say("answered")
    say("hung_up", seconds=30)
    ok(browser().post(HOOK, content=WORDS, headers=headers))
    call = the_call()
    assert (call.state, call.spoke_seconds) == ("ended", 30)


def test_without_a_secret_in_the_settings_no_signature_fits() -> None:
    assert post_signed(browser(), HOOK, REPORT, token="").status_code == 403


@pytest.mark.parametrize("size", [BODY + 1, 1_000_000, 3_000_000])
def test_a_huge_report_is_refused_before_it_is_read(size: int, token: str) -> None:
    body = WORDS[:-1] + b', "note": "' + b"x" * size + b'"}'
    headers = {"Content-Type": "application/json", **signed(TOKEN, "POST", HOOK, body)}
    assert browser().post(HOOK, content=body, headers=headers).status_code == 413
    assert calls() == []


@pytest.mark.parametrize(
    "said",
    [
        {"event": "ringing"},
        {"event": "exploded", "call_id": "1"},
        {"event": "ringing", "call_id": ""},
        {"event": "ringing", "call_id": "x" * 101},
        {"event": "pressed", "call_id": "1", "digits": "<script>"},
        {"event": "hung_up", "call_id": "1", "seconds": -1},
        {"event": "hung_up", "call_id": "1", "cause": 10**30},
        {"event": "recording", "call_id": "1", "url": "file:///etc/passwd"},
        {"event": "ringing", "call_id": "a\x00b"},
        [],
        "ringing",
    ],
    ids=str,
)
def test_a_report_that_cannot_be_read_is_refused_and_no_fault_of_ours(said: object, token: str) -> None:
    assert post_signed(browser(), HOOK, said).status_code == 422
    assert calls() == []


@pytest.mark.parametrize("words", ["' or 1=1 --", "<img src=x onerror=alert(1)>", "+86 (0)10-8888转\n8", "\u202e8800"])
def test_strange_numbers_are_only_numbers(words: str, token: str) -> None:
    assert say("ringing", phone=words)["elder_id"] is None
