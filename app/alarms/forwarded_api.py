"""HTTP doors for what other servers forward: Traccar's events, FHIR observations, SCAIP's alarms as XML.

They make the inbox's promise: the answer comes after the commit. What nobody can read is kept and shown too.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from xml.sax.saxutils import escape

from fastapi import APIRouter, Depends, Request, Response

from app.alarms import inbox
from app.alarms.inbox_api import Stored, as_sent, gateway
from devices.codecs import CODECS, fhir_observation, scaip, traccar
from devices.signals import BadPayload, Message

forwarded = APIRouter(prefix="/api/ingest/from", tags=["hooks"], dependencies=[Depends(gateway)])


class Forwarder(StrEnum):
    """Whose words they are."""

    TRACCAR = "traccar"
    FHIR = "fhir"
    SCAIP = "scaip"


FAMILIES: Final = {
    Forwarder.TRACCAR: traccar.FAMILY,
    Forwarder.FHIR: fhir_observation.FAMILY,
    Forwarder.SCAIP: scaip.FAMILY,
}
OK, BAD_FORMAT, TAG_MISSING = 0, 2, 7  # SCAIP's own answers
XML: Final = "application/scaip+xml"
CONTENT: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}, XML: {"schema": {"type": "string"}}},
    }
}


@forwarded.post("/{way}", response_model=Stored, openapi_extra=CONTENT)
def take_forwarded(way: Forwarder, request: Request, said: Annotated[bytes, Depends(as_sent)]) -> Any:
    """What another server forwards, in its own words; SCAIP is answered in XML, with its own numbers."""
    now = datetime.now(UTC)
    source = f"http {request.client.host if request.client else ''}"
    message = Message(
        f"{way}/", said, qos=1, received_at=now, source=source, transport=f"http {way}", meta={"family": FAMILIES[way]}
    )
    inbox.receive([message])
    if way is Forwarder.SCAIP:
        return Response(scaip_answer(message), media_type=XML)
    return Stored(id=None, stored_at=now)


def scaip_answer(message: Message) -> str:
    """0 says accepted, and it is: it has been stored."""
    try:
        [signal] = CODECS[scaip.FAMILY].decode(message)
    except BadPayload as bad:
        return answer("", TAG_MISSING if "no controller" in bad.reason else BAD_FORMAT)
    return answer(signal.event_id or "", OK)


def answer(ref: str, number: int) -> str:
    return f"<mrs><ref>{escape(ref)}</ref><snu>{number}</snu></mrs>"
