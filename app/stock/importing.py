"""Devices out of a file: each row judged against the register, written in one transaction, undone while untouched."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import sheets
from app.equipment import actions as equipment
from app.equipment import models as catalogue
from app.equipment import moving
from app.equipment.rules import DeviceEvent, DeviceState, Transport
from app.equipment.tables import Device, DeviceModel
from app.errors import Conflict
from app.history import History, record_many
from app.imports import actions as imports
from app.imports import engine, rules
from app.imports.engine import CHUNK, Beat
from app.imports.rules import BadCell, ImportEvent, ProblemCode, Row
from app.imports.tables import Import, ImportChange
from app.people.tables import Elder, Home
from app.stock.columns import COLUMNS, PLATE, column, model_words
from app.stock.tables import Credential
from app.vault import digest
from devices.broker import NAME

KIND: Final = "devices"


@dataclass(frozen=True)
class Planned:
    """What is to become of a row: a new device, a changed one, one that is there as it should be, or nothing."""

    row: Row
    outcome: str  # new, changed, same, bad
    values: Mapping[str, Any] = field(default_factory=dict)
    device: Device | None = None
    home: Home | None = None
    elder: Elder | None = None


@dataclass
class _File:
    """What the rows before have used up."""

    models: dict[str, DeviceModel]
    words: Callable[[str], str]
    wire_ids: dict[str, int] = field(default_factory=dict)
    sims: dict[str, int] = field(default_factory=dict)


def plan(session: Session, content: bytes, *, district_id: int) -> Iterator[Planned]:
    """Every row of a file, judged against the register as it is now; raises BadSheet while it goes."""
    known = catalogue.all_of_them(session)
    file = _File({m.id: m for m in known}, model_words([(m.id, m.maker, m.name) for m in known]))
    rows = rules.read(sheets.rows(content), COLUMNS)
    head = next(rows)
    if head.problems:
        yield Planned(head, "bad" if any(p.code is ProblemCode.NO_COLUMN for p in head.problems) else "same")
    while chunk := list(islice(rows, CHUNK)):
        yield from _judge(session, chunk, file, district_id)
        session.expunge_all()  # a file may be long


def _judge(session: Session, chunk: Sequence[Row], file: _File, district_id: int) -> Iterator[Planned]:
    for row in chunk:
        _settle_names(row, file)
    said = [row.values for row in chunk]
    devices = {
        device.wire_id: device
        for device in session.scalars(select(Device).where(Device.wire_id.in_({v.get("wire_id") for v in said})))
    }
    sims = {v["sim_hash"] for v in said if "sim_hash" in v}
    holders = session.execute(select(Device.sim_hash, Device.wire_id).where(Device.sim_hash.in_(sims)))
    taken: dict[str | None, str] = {sim: wire_id for sim, wire_id in holders}  # noqa: C416
    homes = {
        home.id: home
        for home in session.scalars(
            select(Home).where(Home.id.in_({v.get("home") for v in said}), Home.district_id == district_id)
        )
    }
    hashes = {digest("id", v["elder"]) for v in said if "elder" in v}
    elders = {
        elder.id_hash: elder
        for elder in session.scalars(
            select(Elder).where(Elder.id_hash.in_(hashes), Elder.district_id == district_id, Elder.ended_at.is_(None))
        )
    }
    for row in chunk:
        yield _planned(row, devices.get(row.values.get("wire_id", "")), taken, homes, elders, district_id)


def _settle_names(row: Row, file: _File) -> None:
    """The model by its code, the number as its transport spells it, and nothing twice in one file."""
    values = row.values
    if "model" in values:
        try:
            values["model"] = file.words(values["model"])
        except BadCell as bad:
            row.bad(column("model"), bad.code, **bad.facts)
            del values["model"]
    if "wire_id" in values and "model" in values:
        try:
            values["wire_id"] = spelled(values["wire_id"], file.models[values["model"]].transport)
        except BadCell as bad:
            row.bad(column("wire_id"), bad.code, **bad.facts)
    if values.get("sim"):
        values["sim_hash"] = digest("sim", values["sim"])
    for name, seen, key in (("wire_id", file.wire_ids, "wire_id"), ("sim", file.sims, "sim_hash")):
        if key in values and (before := seen.setdefault(values[key], row.number)) != row.number:
            row.bad(column(name), ProblemCode.TWICE, row=before)


def spelled(wire_id: str, transport: Transport) -> str:
    """As the device will name itself on this transport; raises BadCell."""
    if transport is Transport.LORAWAN:
        eui = re.sub(r"[:.-]", "", wire_id).lower()
        if not re.fullmatch(r"[0-9a-f]{16}", eui):
            raise BadCell(ProblemCode.BAD_CHARACTERS, allowed="16 hexadecimal digits (DevEUI)")
        return eui
    if transport is not Transport.ZIGBEE and not NAME.fullmatch(wire_id):
        raise BadCell(ProblemCode.BAD_CHARACTERS, allowed="A-Z a-z 0-9 _ . : -")
    return wire_id


def _planned(
    row: Row,
    device: Device | None,
    taken: Mapping[str | None, str],
    homes: Mapping[int, Home],
    elders: Mapping[str | None, Elder],
    district_id: int,
) -> Planned:
    values = row.values
    elder = elders.get(digest("id", values["elder"])) if "elder" in values else None
    home = homes.get(values.get("home", 0))
    if device and device.district_id != district_id:
        row.bad(column("wire_id"), ProblemCode.TAKEN, who="of another district")
    elif device and "model" in values and device.model_id != values["model"]:
        row.bad(column("model"), ProblemCode.OTHER_MODEL, model=device.model_id)
    if (holder := taken.get(values.get("sim_hash"))) and holder != values.get("wire_id"):
        row.bad(column("sim"), ProblemCode.TAKEN, who=holder)
    if "home" in values and home is None:
        row.bad(column("home"), ProblemCode.UNKNOWN_HOME)
    if "elder" in values and elder is None:
        row.bad(column("elder"), ProblemCode.UNKNOWN_ELDER)
    if elder and home and elder.home_id != home.id:
        row.bad(column("home"), ProblemCode.OTHER_HOME, home=elder.home_id)
    goes = bool(elder or home) and not (device and _hangs_there(device, home, elder))
    if device and goes and device.state is not DeviceState.IN_STOCK:
        row.bad(column("elder" if elder else "home"), ProblemCode.NOT_IN_STOCK, state=device.state.value)
    if row.problems:
        return Planned(row, "bad")
    said: dict[str, Any] = {name: values[name] for name in (*PLATE, "sim_hash") if name in values}
    if device is None:
        return Planned(
            row, "new", {"wire_id": values["wire_id"], "model_id": values["model"], **said}, None, home, elder
        )
    said = {name: value for name, value in said.items() if getattr(device, name) != value}
    if not said and not goes:
        return Planned(row, "same", {}, device)
    return Planned(row, "changed", said, device, home if goes else None, elder if goes else None)


def _hangs_there(device: Device, home: Home | None, elder: Elder | None) -> bool:
    return device.elder_id == elder.id if elder else device.home_id == (home.id if home else None)


# -- the worker's part ------------------------------------------------------------------------------------------------


def carry_out(job_id: int) -> None:
    """Check or apply, whichever the import waits for."""
    engine.carry_out(job_id, plan, _write)


def check(import_id: int, *, now: datetime, beat: Beat = lambda done: None) -> None:
    """Read the whole file and say what would become of it; nothing is changed."""
    engine.check(import_id, plan, now=now, beat=beat)


def apply(import_id: int, *, by: str, now: datetime, beat: Beat = lambda done: None) -> Counter[str]:
    """Everything in one transaction, judged once more."""
    return engine.apply(import_id, plan, _write, by=by, now=now, beat=beat)


def _write(
    session: Session, import_id: int, chunk: Sequence[Planned], *, district_id: int, by: str, now: datetime
) -> None:
    new = [planned for planned in chunk if planned.outcome == "new"]
    root = {"district_id": district_id, "division_code": f"{district_id:06d}000000", "state": DeviceState.IN_STOCK}
    ids: Sequence[int] = []
    if new:
        rows = [{**dict.fromkeys((*PLATE, "sim_hash")), **root, **planned.values} for planned in new]
        statement = insert(Device).returning(Device.id, sort_by_parameter_order=True)
        ids = session.scalars(statement, rows).all()
    changes = [(number, None, planned) for number, planned in zip(ids, new, strict=True)]
    for planned in chunk:
        if planned.outcome == "changed" and planned.device:
            device = session.get_one(Device, planned.device.id, with_for_update=True)
            before = {name: getattr(device, name) for name in planned.values}
            for name, value in planned.values.items():
                setattr(device, name, value)
            changes.append((device.id, before, planned))  # type: ignore[arg-type]
    session.flush()
    session.execute(
        insert(ImportChange),
        [
            {
                "district_id": district_id, "import_id": import_id, "subject_id": number,
                "before": None if before is None else _plain(before), "after": _plain(planned.values) | _hung(planned),
            }
            for number, before, planned in changes
        ],
    ) if changes else None  # fmt: skip
    lines = [
        {
            "subject_id": number, "event": "take_in" if before is None else "correct", "after": None,
            "before": None, "facts": {"import": import_id, "fields": sorted(planned.values)},
        }
        for number, before, planned in changes
    ]  # fmt: skip
    record_many(session, Device.__tablename__, lines, district_id=district_id, by=by, now=now)
    for number, _, planned in changes:
        if planned.home or planned.elder:
            _hang(session, number, planned, by=by, now=now)
    session.flush()


def _hung(planned: Planned) -> dict[str, bool]:
    return {"hung": True} if planned.home or planned.elder else {}


def _hang(session: Session, device_id: int, planned: Planned, *, by: str, now: datetime) -> None:
    """It is in its home already: the register follows."""
    elder = session.get_one(Elder, planned.elder.id) if planned.elder else None
    home = session.get_one(Home, elder.home_id if elder else planned.home.id if planned.home else 0)
    device = session.get_one(Device, device_id)
    equipment.install(session, device, home=home, elder=elder, spot=planned.row.values.get("spot"), by=by, now=now)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def undo(session: Session, import_id: int, *, district_id: int, by: str, now: datetime) -> Import:
    """Take back what it made and changed, as long as nobody has used it since; raises Conflict with the first ones.

    What it had put into a home goes into stock: that it hung there is on record.
    """
    row = imports.held(session, import_id, district_id)
    rules.after(row.state, ImportEvent.UNDO)
    touched = _touched(session, row)
    if touched:
        raise Conflict(f"{len(touched)} of its devices have been used since; nothing was undone.", devices=touched[:20])
    changes = session.scalars(select(ImportChange).where(ImportChange.import_id == row.id)).all()
    for change in changes:
        _restore(session, change, by=by, now=now)
    session.flush()
    gone = [change.subject_id for change in changes if change.before is None and not change.after.get("hung")]
    try:
        with session.begin_nested():
            session.execute(delete(Device).where(Device.id.in_(gone)))
    except IntegrityError:
        raise Conflict("Some of its devices have been used since; nothing was undone.") from None
    lines = [
        {
            "subject_id": change.subject_id, "event": "undo_import", "before": None, "after": None,
            "facts": {"import": row.id},
        }
        for change in changes
    ]  # fmt: skip
    record_many(session, Device.__tablename__, lines, district_id=district_id, by=by, now=now)
    return imports.move(session, row, ImportEvent.UNDO, by=by, now=now)


def _restore(session: Session, change: ImportChange, *, by: str, now: datetime) -> None:
    """What was there before stands there again."""
    device = session.get_one(Device, change.subject_id)
    if change.after.get("hung"):
        moving.leave(session, device, DeviceEvent.TAKE_BACK, by=by, now=now, reason="import undone")
    for name, value in (change.before or {}).items():
        setattr(device, name, date.fromisoformat(value) if name == "purchased_on" and value else value)


def _touched(session: Session, row: Import) -> list[str]:
    """Devices of an import that were heard, moved, given a key or changed since."""
    since = select(History.id).where(
        History.district_id == row.district_id, History.subject == Device.__tablename__,
        History.subject_id == Device.id, History.at > row.ended_at,
    )  # fmt: skip
    key = select(Credential.id).where(Credential.device_id == Device.id)
    made = ImportChange.before.is_(None)
    return list(
        session.scalars(
            select(Device.wire_id)
            .join(ImportChange, ImportChange.subject_id == Device.id)
            .where(
                ImportChange.import_id == row.id,
                exists(since) | (made & (exists(key) | (Device.last_seen_at > row.ended_at))),
            )
            .order_by(Device.id)
        )
    )
