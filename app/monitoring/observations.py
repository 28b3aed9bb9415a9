"""Vitals as FHIR R4 Observations: LOINC says what, UCUM in which unit, the vital-signs profile how."""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from app.equipment.measures import Measure, Metric
from app.errors import Unreadable
from app.monitoring.queries import Heard

M = Metric
CODES: Final = {  # LOINC, its display, UCUM, the unit as people write it, the profile of hl7.org/fhir/R4
    M.HEART_RATE: ("8867-4", "Heart rate", "/min", "beats/minute", "heartrate"),
    M.SPO2: ("2708-6", "Oxygen saturation in Arterial blood", "%", "%", "oxygensat"),
    M.BODY_TEMPERATURE: ("8310-5", "Body temperature", "Cel", "C", "bodytemp"),
    M.RESPIRATION: ("9279-1", "Respiratory rate", "/min", "breaths/minute", "resprate"),
    M.WEIGHT: ("29463-7", "Body weight", "kg", "kg", "bodyweight"),
    M.GLUCOSE: ("15074-8", "Glucose [Moles/volume] in Blood", "mmol/L", "mmol/L", ""),
    M.STEPS: ("55423-8", "Number of steps in unspecified time Pedometer", "{steps}", "steps", ""),
    M.SYSTOLIC: ("8480-6", "Systolic blood pressure", "mm[Hg]", "mmHg", ""),
    M.DIASTOLIC: ("8462-4", "Diastolic blood pressure", "mm[Hg]", "mmHg", ""),
}
ALSO: Final = {M.SPO2: ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")}
PRESSURE: Final = (M.SYSTOLIC, M.DIASTOLIC)
NO_VITAL_SIGN: Final = {M.STEPS: "activity", M.GLUCOSE: "laboratory"}
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


def observations(heard: Heard, elder_id: int) -> Iterator[dict[str, Any]]:
    """What one reading says of her body; both pressures are one Observation. What nobody can have is not handed on."""
    known = {m.metric: m for m in heard.measures if m.ok and m.metric in CODES}
    pressure = [known[metric] for metric in PRESSURE if metric in known]
    for metric, measure in known.items():
        if metric not in PRESSURE:
            yield _observation(heard, elder_id, metric, valueQuantity=_quantity(measure))
    if pressure:
        parts = [{"code": _code(one.metric), "valueQuantity": _quantity(one)} for one in pressure]
        for metric in PRESSURE:
            if metric not in known:
                parts.append({"code": _code(metric), "dataAbsentReason": _absent()})
        yield _observation(heard, elder_id, None, component=parts)


def bundle(resources: Sequence[dict[str, Any]], *, self_url: str, next_url: str | None) -> dict[str, Any]:
    """A page as a searchset. How many there are in all is not known, so it is not said."""
    links = [{"relation": "self", "url": self_url}] + ([{"relation": "next", "url": next_url}] if next_url else [])
    entries = [
        {"fullUrl": f"urn:yinling:Observation/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "link": links, **({"entry": entries} if entries else {})}


def ndjson(resources: Sequence[dict[str, Any]]) -> str:
    """One resource a line."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in resources)


def cursor(last: Heard) -> str:
    """Where the next page begins."""
    return base64.urlsafe_b64encode(json.dumps([last.at.isoformat(), last.id]).encode()).decode()


def after(said: str) -> tuple[datetime, int]:
    """The last reading of the page before; raises Unreadable."""
    try:
        at, number = json.loads(base64.urlsafe_b64decode(said))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(number, int) or not 0 <= number < 2**63:
            raise ValueError
        return moment, number
    except (ValueError, TypeError):
        raise Unreadable("This cursor is not one of ours.") from None


def _observation(heard: Heard, elder_id: int, metric: Metric | None, **value: Any) -> dict[str, Any]:
    profile = "bp" if metric is None else CODES[metric][4]
    category = NO_VITAL_SIGN.get(metric, "vital-signs") if metric else "vital-signs"
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"{heard.id}-{'blood-pressure' if metric is None else metric.value.replace('_', '-')}",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": _code(metric),
        "subject": {"reference": f"Patient/{elder_id}"},
        "effectiveDateTime": heard.at.isoformat(),
        "device": {"reference": f"Device/{heard.device_id}"},
        **value,
    }
    if profile:
        found["meta"] = {"profile": [PROFILE + profile]}
    return found


def _code(metric: Metric | None) -> dict[str, Any]:
    if metric is None:
        told = [("85354-9", "Blood pressure panel with all children optional")]
    else:
        told = [CODES[metric][:2], *([ALSO[metric]] if metric in ALSO else [])]
    return {"coding": [{"system": LOINC, "code": code, "display": display} for code, display in told]}


def _quantity(measure: Measure) -> dict[str, Any]:
    _, _, code, unit, _ = CODES[measure.metric]
    value = int(measure.value) if measure.value == int(measure.value) else measure.value
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


def _absent() -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    return {"coding": [{"system": system, "code": "unknown"}]}
