"""The models we know: shipped as a table of data, changed on the desk, and never taken back by a new release."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import notice
from app.equipment import presence
from app.equipment.rules import Command, DeviceKind, Model, Power, Transport, allowed_silence
from app.equipment.tables import DeviceModel, DeviceModelEdit
from app.errors import Conflict, NotFound
from devices.signals import Kind

FILE: Final = Path(__file__).with_name("models.csv")
FIELDS: Final = tuple(field.name for field in fields(Model) if field.name != "id")
PROMISE: Final = "silence_seconds"


def shipped(file: Path = FILE) -> tuple[Model, ...]:
    """The catalogue that comes with this release."""
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(_model(row) for row in csv.DictReader(lines))


def _model(row: Mapping[str, str]) -> Model:
    heartbeat = int(row["heartbeat"])
    return Model(
        id=row["id"], maker=row["maker"], name=row["name"], kind=DeviceKind(row["kind"]),
        transport=Transport(row["transport"]), family=row["family"], decoder=row["decoder"] or None,
        says=tuple(Kind(word) for word in row["says"].split()), heartbeat_seconds=heartbeat,
        silence_seconds=int(row["silence"] or allowed_silence(heartbeat)), power=Power(row["power"]),
        battery_days=int(row["battery_days"]) if row["battery_days"] else None, worn=row["worn"] == "yes",
        voice=row["voice"] == "yes", commands=tuple(Command(word) for word in row["commands"].split()),
    )  # fmt: skip


MODELS: Final = shipped()


def load(session: Session, models: Iterable[Model] = MODELS, *, now: datetime | None = None) -> None:
    """Have the table as the release says it, but for what somebody here has changed or added."""
    known = {row.id: row for row in session.scalars(select(DeviceModel))}
    for model in models:
        said = as_stored(asdict(model))
        row = known.get(model.id)
        if row is None:
            new = {**said, "shipped": True, "edited": []}
            session.execute(insert(DeviceModel).values(new).on_conflict_do_nothing())
        elif row.shipped:
            fresh = {name for name in FIELDS if name not in row.edited and getattr(row, name) != said[name]}
            for name in fresh:
                setattr(row, name, said[name])
            if PROMISE in fresh:
                presence.silence_of(session, model.id, now=now or datetime.now(UTC))
    session.flush()


def as_stored(said: Mapping[str, Any]) -> dict[str, Any]:
    """Sequences of words as the table keeps them."""
    return {
        name: [str(word) for word in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in said.items()
    }


def all_of_them(session: Session) -> Sequence[DeviceModel]:
    """The catalogue, by maker and name."""
    return session.scalars(select(DeviceModel).order_by(DeviceModel.maker, DeviceModel.name)).all()


def add(
    session: Session, model_id: str, said: Mapping[str, Any], *, district_id: int, by: str, now: datetime
) -> DeviceModel:
    """A model of our own; raises Conflict where the name is taken."""
    if session.get(DeviceModel, model_id):
        raise Conflict(f"There is a model {model_id} already.", model=model_id)
    stored = as_stored(said)
    row = DeviceModel(id=model_id, shipped=False, edited=[], **stored)
    session.add(row)
    session.flush()
    _write_down(session, model_id, {}, stored, district_id=district_id, by=by, now=now)
    return row


def edit(
    session: Session, model_id: str, said: Mapping[str, Any], *, district_id: int, by: str, now: datetime
) -> tuple[DeviceModel, frozenset[str]]:
    """Change some fields, ours from now on; which of them differ. A new promise is the caller's to pass on when
    it is committed, in the platform's scope: a model is every district's."""
    row = session.get(DeviceModel, model_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such model.")
    after = {name: value for name, value in as_stored(said).items() if getattr(row, name) != value}
    if not after:
        return row, frozenset()
    before = {name: getattr(row, name) for name in after}
    for name, value in after.items():
        setattr(row, name, value)
    row.edited = sorted({*row.edited, *after}) if row.shipped else row.edited
    session.flush()
    _write_down(session, model_id, before, after, district_id=district_id, by=by, now=now)
    return row, frozenset(after)


def edits(session: Session, model_id: str) -> Sequence[DeviceModelEdit]:
    """What was changed in a model, newest first; raises NotFound."""
    if session.get(DeviceModel, model_id) is None:
        raise NotFound("There is no such model.")
    return session.scalars(
        select(DeviceModelEdit).where(DeviceModelEdit.model_id == model_id).order_by(DeviceModelEdit.id.desc())
    ).all()


def _write_down(
    session: Session, model_id: str, before: dict[str, Any], after: dict[str, Any], *, district_id: int, by: str,
    now: datetime,
) -> None:  # fmt: skip
    session.add(DeviceModelEdit(district_id=district_id, model_id=model_id, at=now, by=by, before=before, after=after))
    notice(session, district_id, f"device-models/{model_id}")
