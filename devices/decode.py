"""`yinling decode`: one JSON line in the form of the corpus in, one line of signals or a refusal out. Pure."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from devices import codecs
from devices.signals import BadPayload, Message, Signal

WHOLE = ("kind", "device", "event_id", "at", "seq", "lat", "lon", "accuracy_m", "battery")


def lines(source: Iterable[str]) -> Iterator[str]:
    """Answers line by line, in order; a line nobody can read is answered with a refusal too."""
    for line in source:
        if line.strip():
            yield json.dumps(answer(line), ensure_ascii=False)


def answer(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, "signals": [], "refused": f"not a JSON line: {error}"}
    if not isinstance(row, dict):
        return {"id": None, "signals": [], "refused": "not a JSON object"}
    try:
        family = row.get("family")
        signals = codecs.decode(message_of(row), family if isinstance(family, str) else None)
    except BadPayload as bad:
        return {"id": row.get("id"), "signals": [], "refused": bad.reason}
    return {"id": row.get("id"), "signals": [as_json(signal) for signal in signals]}


def message_of(row: dict[str, Any]) -> Message:
    """The message a corpus row describes; `device` names the registered model where one is given."""
    payload, meta = row.get("payload"), row.get("meta") or {}
    if not isinstance(payload, str) or not isinstance(meta, dict):
        raise BadPayload("a line needs a payload of text, and meta is an object")
    try:
        content = bytes.fromhex(payload) if row.get("encoding") == "hex" else payload.encode()
    except ValueError as error:
        raise BadPayload(f"payload: {error}") from None
    if isinstance(row.get("device"), str):
        meta = {"model": row["device"], **meta}
    return Message(
        topic=str(row.get("topic") or ""), payload=content, transport=str(row.get("transport") or "mqtt"), meta=meta
    )


def as_json(signal: Signal) -> dict[str, Any]:
    """Only what the signal holds; `readings` always."""
    said = {name: getattr(signal, name) for name in WHOLE if getattr(signal, name) is not None}
    if signal.at is not None:
        said["at"] = signal.at.isoformat()
    return {**said, **({"history": True} if signal.history else {}), "readings": dict(signal.readings)}
