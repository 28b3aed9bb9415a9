"""Reading the stock: devices with what is on their plates and how they prove who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from app.equipment.rules import DeviceKind, DeviceState, Transport
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound
from app.people.tables import Home
from app.stock.rules import PENDING, RENEW_BEFORE, CredentialKind, CredentialState
from app.stock.tables import Credential
from devices.accounts import Login


@dataclass(frozen=True)
class Key:
    """How a device proves who it is: the newest word on it."""

    id: int
    kind: CredentialKind
    state: CredentialState
    asked_at: datetime
    asked_by: str
    applied_at: datetime | None
    not_after: datetime | None
    trouble: str | None


@dataclass(frozen=True)
class StockRow:
    """A device as the stock list shows it."""

    id: int
    wire_id: str
    model_id: str
    maker: str
    model: str
    kind: DeviceKind
    transport: Transport
    state: DeviceState
    serial: str | None
    maker_number: str | None
    has_sim: bool
    purchased_on: date | None
    owner: str | None
    lot: str | None
    spot: str | None
    estate: str | None
    last_seen_at: datetime | None
    key: Key | None


def _newest() -> Select[int]:
    """A device's newest credential that still matters, before those that are over."""
    over = case((Credential.state == CredentialState.REVOKED, 1), else_=0)
    return (
        select(Credential.id)
        .where(Credential.device_id == Device.id)
        .order_by(over, Credential.id.desc())
        .limit(1)
        .correlate(Device)
    )


def stock(
    session: Session,
    *,
    words: str = "",
    model: str | None = None,
    state: DeviceState | None = None,
    lot: str | None = None,
    key: CredentialState | None = None,
    without_key: bool = False,
    troubled: bool = False,
    renew_before: datetime | None = None,
    ids: Sequence[int] | None = None,
    after: int | None = None,
    limit: int = 100,
) -> Sequence[StockRow]:
    """Devices, the last registered first. `after` is the number of the last one shown."""
    newest = _newest().scalar_subquery()
    statement = (
        select(
            Device.id, Device.wire_id, Device.model_id, DeviceModel.maker, DeviceModel.name, DeviceModel.kind,
            DeviceModel.transport, Device.state, Device.serial, Device.maker_number, Device.sim_hash.is_not(None),
            Device.purchased_on, Device.owner, Device.lot, Device.spot, Home.estate, Device.last_seen_at,
            Credential.id, Credential.kind, Credential.state, Credential.asked_at, Credential.asked_by,
            Credential.applied_at, Credential.not_after, Credential.trouble,
        )
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .outerjoin(Home, Home.id == Device.home_id)
        .outerjoin(Credential, Credential.id == newest)
        .order_by(Device.id.desc())
        .limit(limit)
    )  # fmt: skip
    wanted: list[ColumnElement[bool] | None] = [
        _named(words) if words else None,
        Device.model_id == model if model else None,
        Device.state == state if state else None,
        Device.lot == lot if lot else None,
        Credential.state == key if key else None,
        Credential.id.is_(None) & (DeviceModel.transport == Transport.MQTT) if without_key else None,
        Credential.trouble.is_not(None) & Credential.state.in_(PENDING) if troubled else None,
        _ends_before(renew_before) if renew_before else None,
        Device.id.in_(ids) if ids is not None else None,
        Device.id < after if after else None,
    ]
    rows: list[list[Any]] = [[*row] for row in session.execute(statement.where(*[c for c in wanted if c is not None]))]
    return [StockRow(*[*row[:17], Key(*row[17:]) if row[17] else None]) for row in rows]


def one(session: Session, device_id: int) -> StockRow:
    """A device as the stock list shows it; raises NotFound."""
    rows = stock(session, ids=[device_id])
    if not rows:
        raise NotFound("There is no such device.")
    return rows[0]


def _named(words: str) -> ColumnElement[bool]:
    """How a number begins, of whatever plate; and one scanned whole."""
    begins = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return or_(*[column.ilike(begins) for column in (Device.wire_id, Device.serial, Device.maker_number, Device.lot)])


def _ends_before(moment: datetime) -> ColumnElement[bool]:
    return (Credential.not_after < moment) & (Credential.state == CredentialState.APPLIED)


@dataclass(frozen=True)
class Counts:
    """What the head of the stock page says."""

    by_state: dict[str, int]
    unapplied: int  # wishes the broker has not been told, or has refused
    troubled: int
    renewals: int  # certificates that end soon
    without_key: int
    lots: list[str]


def counts(session: Session, *, now: datetime) -> Counts:
    """How many of what."""
    states = session.execute(select(Device.state, func.count()).group_by(Device.state)).all()
    pending, troubled = session.execute(
        select(func.count(), func.count(Credential.trouble)).where(Credential.state.in_(PENDING))
    ).one()
    renewals = session.scalar(select(func.count()).where(_ends_before(now + RENEW_BEFORE)))
    keyed = select(Credential.id).where(Credential.device_id == Device.id, Credential.state != CredentialState.REVOKED)
    bare = session.scalar(
        select(func.count())
        .select_from(Device)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.state != DeviceState.RETIRED, DeviceModel.transport == Transport.MQTT, ~keyed.exists())
    )
    lots = session.scalars(
        select(Device.lot)
        .where(Device.lot.is_not(None))
        .group_by(Device.lot)
        .order_by(func.max(Device.id).desc())
        .limit(50)
    ).all()
    return Counts(
        {state.value: count for state, count in states}, pending, troubled, renewals or 0, bare or 0,
        [lot for lot in lots if lot],
    )  # fmt: skip


def logins(session: Session) -> Sequence[Login]:
    """Name and password hash of every device that the broker is to let in by password."""
    rows = session.execute(
        select(Credential.wire_id, Credential.hash)
        .where(Credential.state.in_((CredentialState.WANTED, CredentialState.APPLIED)), Credential.hash.is_not(None))
        .order_by(Credential.wire_id, Credential.id)
    )
    newest: dict[str, str | None] = {name: its for name, its in rows}  # noqa: C416
    return [Login(name, hashed=its) for name, its in newest.items()]


def revoked_certificates(session: Session, authority_id: int, *, now: datetime) -> Sequence[tuple[str, datetime]]:
    """Serial numbers that count no more though their time is not over, and since when."""
    rows = session.execute(
        select(Credential.serial, func.coalesce(Credential.revoked_at, Credential.asked_at))
        .where(
            Credential.authority_id == authority_id, Credential.not_after > now,
            Credential.state.in_((CredentialState.WITHDRAWN, CredentialState.REVOKED)),
        )
        .order_by(Credential.id)
    )  # fmt: skip
    return [(serial, at) for serial, at in rows if serial]
