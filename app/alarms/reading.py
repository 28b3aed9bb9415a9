"""Before a message is read: which decoder its sender's model asks for."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app.equipment import queries as register
from devices.signals import Message


def with_model(session: Session, messages: Sequence[Message]) -> list[Message]:
    """The registered model decides the decoder: equal bytes of two models mean two things. Ours need none."""
    names = {
        number: {*message.topic.split("/"), str(message.meta.get("device", ""))} - {""}
        for number, message in enumerate(messages)
        if "model" not in message.meta and not message.topic.startswith("care/v1/")
    }
    known = register.decoders(session, set().union(*names.values())) if names else {}
    found = {number: known[name] for number, own in names.items() for name in own if name in known}
    return [
        replace(message, meta={"model": found[number], **message.meta}) if number in found else message
        for number, message in enumerate(messages)
    ]
