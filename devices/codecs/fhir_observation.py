"""FHIR R4 Observations, as health gateways post them (public source: hl7.org/fhir/R4/observation.html).

    {"resourceType": "Observation", "status", "category", "code": {"coding": [{"system", "code"}]}, "effectiveDateTime",
     "valueQuantity": {"value", "unit", "code"}, "component": [the same for parts], "device": {"reference"}}
    {"resourceType": "Bundle", "entry": [{"resource": an Observation, or something that is no concern of ours}, …]}

What is measured is known by its LOINC code and told beside the source's own words by the names watches use.
"""

from typing import Any, Final

from devices.codecs import reading
from devices.signals import BadPayload, Kind, Message, Signal

FAMILY: Final = "fhir_observation"
WITHDRAWN: Final = ("entered-in-error", "cancelled", "registered")
LOINC: Final = {  # of the vital signs: what the readings call it
    "8867-4": "heartRate", "40443-4": "heartRate", "9279-1": "respirationRate", "2708-6": "bloodOxygen",
    "59408-5": "bloodOxygen", "20564-1": "bloodOxygen", "8310-5": "temperature", "8331-1": "temperature",
    "8328-7": "temperature", "8480-6": "pressureSystolic", "8462-4": "pressureDiastolic", "29463-7": "weight",
    "3141-9": "weight", "8302-2": "height", "39156-5": "bmi", "15074-8": "bloodSugar", "2339-0": "bloodSugar",
    "41653-7": "bloodSugar", "14743-9": "bloodSugar",
}  # fmt: skip
VITAL: Final = {*LOINC, "85354-9", "55284-4", "85353-1"}
STEPS: Final = {"55423-8", "41950-7"}
MOST: Final = 500  # observations in one bundle


def claims(message: Message) -> bool:
    return "fhir" in message.transport.lower()


def decode(message: Message) -> list[Signal]:
    resource = reading.json_object(message.payload)
    if resource.get("resourceType") == "Bundle":
        entries = resource.get("entry")
        known = entries if isinstance(entries, list) else []
        parts = [entry.get("resource") for entry in known if isinstance(entry, dict)]
        observations = [part for part in parts if isinstance(part, dict) and part.get("resourceType") == "Observation"]
        if not observations or len(observations) > MOST:
            raise BadPayload(f"a Bundle with {len(observations)} Observations")
        return [_observation(part) for part in observations]
    return [_observation(resource)]


def _observation(resource: dict[str, Any]) -> Signal:
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
        **_measured(codes, value, resource),
    }
    at = effective.get("end") if isinstance(effective, dict) else effective
    kind = Kind.STATUS if status in WITHDRAWN else _about(resource, codes)
    readings = {name: found for name, found in said.items() if found not in (None, {})}
    return Signal(
        kind,
        _device(resource),
        at=reading.moment(at) if isinstance(at, str) else None,
        readings=readings,
    )


def _measured(codes: list[str], value: float | None, resource: dict[str, Any]) -> dict[str, float]:
    """By the names watches use; the first code that is known names a value."""
    pairs = [(codes, value), *(([code], found) for code, found in _components(resource).items())]
    found = {LOINC[code]: number for known, number in pairs if number is not None for code in known if code in LOINC}
    return found


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


def _about(resource: dict[str, Any], codes: list[str]) -> Kind:
    if STEPS & {*codes}:
        return Kind.ACTIVITY
    categories = resource.get("category")
    known = categories if isinstance(categories, list) else []
    said = any(coding.get("code") == "vital-signs" for item in known for coding in _codings(item))
    return Kind.VITALS if said or VITAL & {*codes} else Kind.STATUS


def _device(resource: dict[str, Any]) -> str | None:
    device = resource.get("device")
    found = (device.get("reference") or device.get("display")) if isinstance(device, dict) else None
    return found if isinstance(found, str) else None
