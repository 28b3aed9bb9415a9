"""The words of messages as data: defaults that ship with the product, and a district's own beside them."""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.config import settings
from app.errors import NotFound
from app.messages.rules import BadTemplate, Channel, Kind
from app.messages.tables import MessageTemplate

CHINESE: Final = "zh-CN"
LONGEST: Final = 400
SAMPLE: Final[Mapping[str, Mapping[str, str]]] = {
    CHINESE: {"elder": "林桂芬", "estate": "河运小区", "time": "14:06", "day": "11月25日", "what": "紧急呼叫",
              "who": "王丽", "where": "河运小区12号楼2单元302", "seconds": "60"},
    "en": {"elder": "Lin Guifen", "estate": "Heyun Estate", "time": "14:06", "day": "25 November",
           "what": "emergency call", "who": "Wang Li", "where": "Heyun Estate 12-2-302", "seconds": "60"},
}  # fmt: skip


@dataclass(frozen=True)
class Template:
    """The words in force for one kind, channel and language; `by` is None for those that ship with the product."""

    kind: Kind
    channel: Channel
    language: str
    text: str
    fields: list[str]
    by: str | None = None
    at: datetime | None = None


@cache
def _shipped() -> dict[tuple[Kind, Channel, str], str]:
    told = json.loads(Path(__file__).with_suffix(".json").read_text())
    return {
        (Kind(kind), Channel(channel), language): text
        for kind, channels in told.items()
        for channel, languages in channels.items()
        for language, text in languages.items()
    }


def in_force(session: Session, district_id: int) -> list[Template]:
    """All of them, in the order of the file."""
    newest = (
        select(MessageTemplate)
        .where(MessageTemplate.district_id == district_id)
        .ext(distinct_on(MessageTemplate.kind, MessageTemplate.channel, MessageTemplate.language))
        .order_by(
            MessageTemplate.kind, MessageTemplate.channel, MessageTemplate.language, MessageTemplate.id.desc()
        )
    )  # fmt: skip
    own = {(row.kind, row.channel, row.language): row for row in session.scalars(newest)}
    found = []
    for key, shipped in _shipped().items():
        mine = own.get(key)
        by, at = (mine.by, mine.at) if mine else (None, None)
        found.append(Template(*key, mine.text if mine else shipped, fields(shipped), by, at))
    return found


def words(
    session: Session, district_id: int, kind: Kind, channel: Channel, values: Mapping[str, str], *,
    language: str = CHINESE,
) -> str:  # fmt: skip
    """The text of a message of this kind; a field nobody gave is left out rather than a call for help unsaid."""
    own = session.scalar(
        select(MessageTemplate.text)
        .where(
            MessageTemplate.district_id == district_id, MessageTemplate.kind == kind,
            MessageTemplate.channel == channel, MessageTemplate.language == language,
        )
        .order_by(MessageTemplate.id.desc())
        .limit(1)
    )  # fmt: skip
    return filled(own or _shipped()[kind, channel, language], values)


def change(
    session: Session, kind: Kind, channel: Channel, language: str, text: str, *, district_id: int, by: str,
    now: datetime,
) -> None:  # fmt: skip
    """A district's own words from now on; raises BadTemplate where they name what such a message does not know."""
    check(kind, channel, language, text)
    session.add(
        MessageTemplate(
            district_id=district_id, kind=kind, channel=channel, language=language, text=text, by=by, at=now
        )
    )


def check(kind: Kind, channel: Channel, language: str, text: str) -> None:
    """That a text can be filled and says who it is about; raises BadTemplate, NotFound."""
    shipped = _shipped().get((kind, channel, language))
    if shipped is None:
        raise NotFound("There is no such template.")
    known = set(fields(shipped)) | {"hotline"}
    if unknown := set(fields(text)) - known:
        raise BadTemplate(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.")
    if missing := {"elder", "what", "where"} & set(fields(shipped)) - set(fields(text)):
        raise BadTemplate(f"Without {', '.join(sorted(missing))} nobody knows what it is about.")
    if not text.strip() or len(text) > LONGEST:
        raise BadTemplate(f"Use 1 to {LONGEST} characters.")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields filled in."""
    given = {"hotline": settings().hotline} | dict(values)
    return "".join(before + (given.get(field, "") if field else "") for before, field in _pieces(text))


def fields(text: str) -> list[str]:
    """Names in braces, each once."""
    return list(dict.fromkeys(field for _, field in _pieces(text) if field))


def _pieces(text: str) -> list[tuple[str, str | None]]:
    try:
        found = list(string.Formatter().parse(text))
    except ValueError as wrong:
        raise BadTemplate(f"The braces do not fit together: {wrong}.") from None
    plain = all(not (spec or turned) and (field is None or field.isidentifier()) for _, field, spec, turned in found)
    if not plain:
        raise BadTemplate("Between braces stands a name and nothing else.")
    return [(before, field) for before, field, _, _ in found]
