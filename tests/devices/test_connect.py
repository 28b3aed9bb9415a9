"""The pages of `docs/connect`: every message they tell a reader to send is read as they say, or refused as they say."""

import re
import shlex
from pathlib import Path

import pytest

from devices.codecs import decode, family_of
from devices.signals import BadPayload, Message

FOLDER = Path(__file__).parents[2] / "docs/connect"
COMMAND = re.compile(r"^((?:mosquitto_pub|curl) .+?)\s*# → (.+)$", re.MULTILINE)
INGEST = "/api/ingest/"
PAGES = sorted(page.name for page in FOLDER.glob("*.md") if page.name != "README.md")
SENT = [(page, *found) for page in PAGES for found in COMMAND.findall((FOLDER / page).read_text())]


def message_of(command: str) -> Message:
    """What the command sends: the topic stands in mosquitto_pub's -L, or curl's address stands for one of care/v1."""
    words = shlex.split(command)
    if words[0] == "curl":
        device = words[-1].partition(INGEST)[2]
        return Message(f"care/v1/{device}/event", words[words.index("-d") + 1].encode(), qos=1)
    topic = words[words.index("-L") + 1].removeprefix("$URL/")
    return Message(topic, words[words.index("-m") + 1].encode(), qos=int(words[words.index("-q") + 1]))


@pytest.mark.parametrize(("page", "command", "said"), SENT, ids=[f"{page} → {said}" for page, _, said in SENT])
def test_an_example_is_read_as_its_page_says(page: str, command: str, said: str) -> None:
    message = message_of(command)
    family = family_of(message)
    assert family, f"{page}: no codec claims {message.topic}"
    if said.startswith("refused: "):
        with pytest.raises(BadPayload, match=re.escape(said.removeprefix("refused: "))):
            decode(message, family)
        return
    assert [str(signal.kind) for signal in decode(message, family)] == said.split()


@pytest.mark.parametrize("page", [page for page in PAGES if "mosquitto_pub" in (FOLDER / page).read_text()])
def test_every_command_to_publish_says_what_comes_of_it(page: str) -> None:
    told = (FOLDER / page).read_text().splitlines()
    assert all(COMMAND.match(line) for line in told if line.startswith("mosquitto_pub "))


def test_the_index_names_every_page() -> None:
    index = (FOLDER / "README.md").read_text()
    assert [page for page in PAGES if f"({page})" not in index] == []
