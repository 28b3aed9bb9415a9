"""FHIR R4 Observations, as health gateways post them (public source: hl7.org/fhir/R4/observation.html)."""

from typing import Any, Final

from devices.codecs import reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "fhir_observation"
WITHDRAWN: Final = ("entered-in-error", "cancelled")


def claims(message: Message) -> bool:
    return "fhir" in message.transport.lower()


def decode(message: Message) -> list[Signal]:
    resource = reading.json_object(message.payload)
    if resource.get("resourceType") != "Observation":
        raise BadPayload(f"not an Observation: {resource.get('resourceType')!r}"[:80])
    status = resource.get("status")
    codes = [coding["code"] for coding in _codings(resource.get("code")) if isinstance(coding.get("code"), str)]
    if not isinstance(status, str) or not codes:
        raise BadPayload("an Observation needs a status and a code")
    value, unit = _quantity(resource)
    effective = resource.get("effectiveDateTime") or resource.get("effectivePeriod") or resource.get("effectiveInstant")
    said = {
        "status": status,
        "codes": codes,
        "effective": effective,
        "components": _components(resource),
        "value": value,
        "unit": unit,
    }
    at = effective.get("end") if isinstance(effective, dict) else effective
    kind = Kind.STATUS if status in WITHDRAWN or not _is_vital(resource) else Kind.VITALS
    readings = {name: found for name, found in said.items() if found not in (None, {})}
    return [Signal(kind, _device(resource), at=reading.moment(at) if isinstance(at, str) else None, readings=readings)]


def _codings(concept: Any) -> list[dict[str, Any]]:
    found = concept.get("coding") if isinstance(concept, dict) else None
    return [coding for coding in found if isinstance(coding, dict)] if isinstance(found, list) else []


def _quantity(part: dict[str, Any]) -> tuple[float | None, str | None]:
    quantity = part.get("valueQuantity")
    if not isinstance(quantity, dict):
        return None, None
    unit = quantity.get("code") or quantity.get("unit")
    return reading.number(quantity.get("value")), unit if isinstance(unit, str) else None


def _components(resource: dict[str, Any]) -> dict[str, float | None]:
    parts = resource.get("component")
    known = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    named = [(codings[0].get("code"), part) for part in known if (codings := _codings(part.get("code")))]
    return {str(code): _quantity(part)[0] for code, part in named if isinstance(code, str)}


def _is_vital(resource: dict[str, Any]) -> bool:
    categories = resource.get("category")
    known = categories if isinstance(categories, list) else []
    return not known or any(coding.get("code") == "vital-signs" for item in known for coding in _codings(item))


def _device(resource: dict[str, Any]) -> str | None:
    device = resource.get("device")
    found = (device.get("reference") or device.get("display")) if isinstance(device, dict) else None
    return found if isinstance(found, str) else None
