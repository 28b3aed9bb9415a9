"""The door of the stock: what is there, labels, and keys. What is secret is answered once, to whoever asked for it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.access.api import KeyHolder, Stock
from app.access.queries import Caller
from app.access.rules import KEYS
from app.config import settings
from app.db import transaction
from app.equipment.rules import DeviceKind, DeviceState, Transport
from app.stock import actions, keys, labels, queries
from app.stock.queries import StockRow
from app.stock.rules import RENEW_BEFORE, CredentialKind, CredentialState, check_whole_district

router = APIRouter(prefix="/api/stock", tags=["stock"])
PAGE = 100
MOST_LABELS = 240
Plate = Annotated[str | None, Field(max_length=80)]


class KeyOut(BaseModel):
    """How a device proves who it is, and whether the broker knows."""

    id: int
    kind: CredentialKind
    state: CredentialState
    asked_at: datetime
    asked_by: str
    applied_at: datetime | None
    not_after: datetime | None
    ends_soon: bool
    trouble: str | None


class StockOut(BaseModel):
    """A device of the stock list."""

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
    key: KeyOut | None
    may_have_key: bool  # it logs in at the broker itself, and the caller may give keys

    @classmethod
    def of(cls, row: StockRow, me: Caller, now: datetime) -> "StockOut":
        """As the stock page shows it."""
        own = ("key", "may_have_key")
        key = row.key and KeyOut(
            ends_soon=row.key.not_after is not None and row.key.not_after < now + RENEW_BEFORE, **vars(row.key)
        )
        may = me.role in KEYS and row.transport is Transport.MQTT and row.state is not DeviceState.RETIRED
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in own}
        return cls(key=key, may_have_key=may, **fields)


class StockPage(BaseModel):
    """A page of the stock, the last registered first."""

    items: list[StockOut]
    next: int | None


class StockCounts(BaseModel):
    """How many of what, and whether anybody tells the broker."""

    by_state: dict[str, int]
    unapplied: int
    troubled: int
    renewals: int
    without_key: int
    lots: list[str]
    told: bool  # a keeper of accounts is set; else the broker hears of nothing


@router.get("")
def stock(
    me: Stock,
    q: Annotated[str, Query(max_length=64)] = "",
    model: str | None = None,
    state: DeviceState | None = None,
    lot: str | None = None,
    key: CredentialState | None = None,
    without_key: bool = False,
    troubled: bool = False,
    renewals: bool = False,
    cursor: int | None = None,
) -> StockPage:
    """Devices by number, model, state, delivery, and how their keys are."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rows = queries.stock(
            session, words=q.strip(), model=model, state=state, lot=lot, key=key, without_key=without_key,
            troubled=troubled, renew_before=now + RENEW_BEFORE if renewals else None, after=cursor, limit=PAGE,
        )  # fmt: skip
    return StockPage(items=[StockOut.of(row, me, now) for row in rows], next=rows[-1].id if len(rows) == PAGE else None)


@router.get("/counts")
def counts(me: Stock) -> StockCounts:
    """The head of the stock page."""
    with transaction(me.scope) as session:
        found = queries.counts(session, now=datetime.now(UTC))
    return StockCounts(told=bool(settings().accounts_url.get_secret_value()), **vars(found))


class NewDevice(BaseModel):
    """One device, as it is unpacked."""

    wire_id: str = Field(min_length=1, max_length=64)
    model_id: str = Field(max_length=64)
    sim: Plate = None
    imsi: Annotated[str | None, Field(pattern=r"^\d{14,15}$")] = None
    serial: Plate = None
    maker_number: Plate = None
    purchased_on: date | None = None
    owner: Plate = None
    lot: Plate = None


@router.post("", status_code=201)
def register(new: NewDevice, me: Stock) -> StockOut:
    """Register one device into stock."""
    check_whole_district(me.area)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        device = actions.register(session, district_id=me.district_id, by=me.by, now=now, **new.model_dump())
        (row,) = queries.stock(session, ids=[device.id])
    return StockOut.of(row, me, now)


class LabelOut(BaseModel):
    """What stands on one label; the QR code is one SVG path on `size` × `size` modules."""

    id: int
    number: str
    maker: str
    model: str
    url: str
    size: int
    path: str


class Labels(BaseModel):
    """Labels to print, in the order they were asked for."""

    district: str
    hotline: str
    items: list[LabelOut]


@router.get("/labels")
def print_labels(me: Stock, ids: Annotated[Sequence[int], Query(max_length=MOST_LABELS)] = ()) -> Labels:
    """QR labels of devices."""
    with transaction(me.scope) as session:
        rows = {row.id: row for row in queries.stock(session, ids=ids, limit=MOST_LABELS)}
    items = []
    for row in [rows[number] for number in dict.fromkeys(ids) if number in rows]:
        code = labels.code(settings().public_url, row.wire_id)
        items.append(
            LabelOut(id=row.id, number=row.wire_id, maker=row.maker, model=row.model, **vars(code)),
        )
    return Labels(district=me.district_name, hotline=settings().hotline, items=items)


class ShownOnce(BaseModel):
    """A secret and what belongs to it. Nobody is told again."""

    kind: CredentialKind
    username: str
    password: str | None
    certificate: str | None
    private_key: str | None
    authority: str | None
    not_after: datetime | None

    @classmethod
    def of(cls, shown: keys.Shown, response: Response) -> "ShownOnce":
        """For the one who asked; no cache keeps it."""
        response.headers["Cache-Control"] = "no-store"
        given = shown.credential
        return cls(
            kind=given.kind, username=given.wire_id, password=shown.password, certificate=shown.certificate,
            private_key=shown.key, authority=shown.authority, not_after=given.not_after,
        )  # fmt: skip


class Signing(BaseModel):
    """The device's own request; without one a key is made for it."""

    request: str | None = Field(None, max_length=20_000, description="a certificate signing request in PEM form")


@router.post("/{device_id}/password")
def give_password(device_id: int, me: KeyHolder, response: Response) -> ShownOnce:
    """A new password. The one before goes on until the broker has this one."""
    with transaction(me.scope) as session:
        shown = keys.give_password(session, device_id, by=me.by, now=datetime.now(UTC))
    return ShownOnce.of(shown, response)


@router.post("/{device_id}/certificate")
def give_certificate(device_id: int, signing: Signing, me: KeyHolder, response: Response) -> ShownOnce:
    """A certificate for two years, of a new key or of the one in the request."""
    with transaction(me.scope) as session:
        shown = keys.give_certificate(
            session, device_id, by=me.by, now=datetime.now(UTC), request=signing.request or None
        )
    return ShownOnce.of(shown, response)


class Withdrawal(BaseModel):
    """The reason, for the history."""

    reason: str = Field(min_length=1, max_length=300)


@router.post("/{device_id}/withdraw")
def withdraw(device_id: int, why: Withdrawal, me: KeyHolder) -> StockOut:
    """The broker lets it in no more, and hangs up on it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row = queries.one(session, device_id)
        keys.withdraw(session, row.id, by=me.by, now=now, reason=why.reason)
        row = queries.one(session, device_id)
    return StockOut.of(row, me, now)
