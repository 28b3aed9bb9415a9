"""How well the codecs read recorded frames of real devices, one row per family: `python -m devices.conformance`.

`corpus.jsonl` in the `--data` folder holds one frame a line with the source project's reading of it in `expected` (only
the keys it asserts, in its names and units) and a proposed kind in `canonical`. The frames are others' and stay there.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from devices.codecs import decode
from devices.decode import as_json, message_of
from devices.signals import BadPayload, Kind

ALARM_ROWS: Final = {"sos", "fall", "smoke", "water_leak", "gas", "fire", "low_battery"}
MORE_EXACT: Final = {"other_alarm": {Kind.TAMPER, Kind.GEOFENCE}}  # the proposals do not use these words
SILENT: Final = {Kind.HEARTBEAT, Kind.STATUS, Kind.BATTERY_OR_STATUS}  # what a frame without an event may still say
TWINS: Final = {  # a source's name for what a signal holds as a field of its own
    "latitude": "lat", "gpsLatitude": "lat", "Latitude": "lat", "batteryLevel": "battery", "fixTime": "at",
    "longitude": "lon", "gpsLongitude": "lon", "Longitud": "lon", "dedup_key": "event_id", "ref": "event_id",
    "deviceId": "device", "devEui": "device", "account": "device", "controller_id": "device", "effective": "at",
    "time": "at", "time_ms": "at",
}  # fmt: skip


@dataclass(slots=True)
class Score:
    """What became of one family's rows."""

    rows: int = 0
    kinds: int = 0
    alarms: int = 0
    alarms_right: int = 0
    asserted: int = 0
    fields: int = 0
    false_sos: int = 0
    crashes: int = 0
    wrong: list[str] = field(default_factory=list)


def score(rows: Iterable[Mapping[str, Any]]) -> dict[str, Score]:
    """Each family's score, in the order the families come up."""
    scores: dict[str, Score] = {}
    for row in rows:
        judge(row, scores.setdefault(str(row["family"]), Score()))
    return scores


def judge(row: Mapping[str, Any], tally: Score) -> None:
    tally.rows += 1
    refused: str | None = None
    said: list[dict[str, Any]] = []
    try:
        said = [as_json(signal) for signal in decode(message_of(dict(row)), str(row["family"]))]
    except BadPayload as bad:
        refused = bad.reason
    except Exception as error:
        tally.crashes += 1
        refused = f"CRASH {error!r}"
    kinds = [signal["kind"] for signal in said]
    right = _kind_is_right(str(row["canonical"]), kinds, refused)
    tally.kinds += right
    if row["canonical"] in ALARM_ROWS:
        tally.alarms += 1
        tally.alarms_right += right
    tally.false_sos += Kind.SOS in kinds and row["canonical"] != "sos"
    if not right:
        tally.wrong.append(f"{row['id']} {row['canonical']}: {kinds or refused or 'nothing'}")
    asserted = row["expected"]
    if asserted.get("decoded", "said") is None:
        return
    if row["canonical"] == "reject":  # the rest describes the source project's own error object
        asserted = {name: value for name, value in asserted.items() if name in ("error", "errors")}
    for name, value in asserted.items():
        tally.asserted += 1
        if _holds(name, value, said, refused):
            tally.fields += 1
        else:
            tally.wrong.append(
                f"{row['id']} {name}: {value!r} not in {[_all(signal) for signal in said] or refused}"[:400]
            )


def _kind_is_right(canonical: str, kinds: list[str], refused: str | None) -> bool:
    if canonical == "reject":
        return refused is not None
    if canonical == "no_event":
        return refused is None and set(kinds) <= SILENT
    return bool(kinds) and (kinds[0] == canonical or kinds[0] in MORE_EXACT.get(canonical, ()))


def _all(signal: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in signal.items() if name != "readings"}, **signal["readings"]}


def _holds(name: str, value: Any, said: list[dict[str, Any]], refused: str | None) -> bool:
    """Whether any signal says this; that nothing is said is right where the source says null or an error."""
    if name in ("error", "errors") and value:
        return refused is not None
    if name == "alarm" and (value is None or not any("alarm" in signal["readings"] for signal in said)):
        return bool(_alarm(said) == value)
    if value is None:
        return not any(_all(signal).get(name) for signal in said)
    if name == "devices":
        return {signal.get("device") for signal in said} >= set(value)
    return any(_same(value, found) for signal in said for found in _found(name, signal))


def _found(name: str, signal: Mapping[str, Any]) -> list[Any]:
    twin = signal.get(TWINS.get(name, ""))
    if name == "time_ms" and twin:
        twin = datetime.fromisoformat(twin).timestamp() * 1000
    return [found for found in (signal["readings"].get(name), signal.get(name), twin) if found is not None]


def _alarm(said: list[dict[str, Any]]) -> str | None:
    return next((str(signal["kind"]) for signal in said if signal["kind"] in ALARM_ROWS - {"low_battery"}), None)


def _same(expected: Any, found: Any) -> bool:
    match expected:
        case bool() | None:
            return found is expected
        case int() | float():
            return isinstance(found, int | float) and math.isclose(expected, found, rel_tol=1e-6, abs_tol=2e-5)
        case dict():
            return isinstance(found, dict) and all(
                name in found and _same(expected[name], found[name]) for name in expected
            )
        case list():
            return isinstance(found, list) and len(found) == len(expected) and all(map(_same, expected, found))
    return str(expected) == str(found) or _moment(str(expected)) == _moment(str(found)) is not None


def _moment(value: str) -> str | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def table(scores: Mapping[str, Score]) -> str:
    head = f"{'family':22}{'rows':>6}{'kind right':>12}{'alarms':>9}{'fields':>11}{'false sos':>11}{'crashes':>9}"
    lines = [head]
    for family, tally in sorted(scores.items()):
        lines.append(
            f"{family:22}{tally.rows:>6}{tally.kinds:>12}{f'{tally.alarms_right}/{tally.alarms}':>9}"
            f"{f'{tally.fields}/{tally.asserted}':>11}{tally.false_sos:>11}{tally.crashes:>9}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/devices"))
    parser.add_argument("--family", action="append", help="only these families, and what was wrong in each")
    args = parser.parse_args()
    corpus = args.data / "corpus.jsonl"
    if not corpus.exists():
        sys.exit(f"No corpus at {corpus}: give its folder with --data.")
    rows = [json.loads(line) for line in corpus.read_text().splitlines()]
    chosen = [row for row in rows if not args.family or row["family"] in args.family]
    scores = score(chosen)
    sys.stdout.write(table(scores) + "\n")
    if args.family:
        sys.stdout.write("\n".join(line for tally in scores.values() for line in tally.wrong) + "\n")


if __name__ == "__main__":
    main()
