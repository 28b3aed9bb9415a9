"""Giving a device its credential, a new one, or none: what is wanted of the broker. Secrets are shown once."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import certificates
from app.certificates import Authority, Issued
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound, Unreadable
from app.history import record
from app.stock.rules import (
    CERTIFICATE_DAYS,
    LIVE,
    CredentialEvent,
    CredentialKind,
    CredentialState,
    after,
    check_may_have_one,
)
from app.stock.tables import CertificateAuthority, Credential
from devices.broker import hashed


@dataclass(frozen=True)
class Shown:
    """What is shown once, and never again."""

    credential: Credential
    password: str | None = field(default=None, repr=False)
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)
    authority: str | None = None


class BadSigningRequest(Unreadable):
    """The certificate signing request cannot be granted."""


def give_password(session: Session, device_id: int, *, by: str, now: datetime) -> Shown:
    """A fresh password; the one before goes on until the broker has this one."""
    device = _device(session, device_id)
    password = secrets.token_urlsafe(24)
    credential = _wish(session, device, CredentialKind.PASSWORD, by=by, now=now)
    credential.secret, credential.hash = password, hashed(password)
    record(session, credential, "issue", None, credential.state, by=by, now=now, device=device.id, kind=credential.kind)
    return Shown(credential, password=password)


def give_certificate(
    session: Session,
    device_id: int,
    *,
    by: str,
    now: datetime,
    request: str | None = None,
    days: int = CERTIFICATE_DAYS,
) -> Shown:
    """A certificate, of a new key or of the one in the device's own request; raises BadSigningRequest."""
    device = _device(session, device_id)
    signer = authority(session, by=by, now=now)
    try:
        issued: Issued = certificates.issue(
            Authority(signer.certificate, signer.key), device.wire_id, now=now, days=days, request=request
        )
    except certificates.BadRequest as bad:
        raise BadSigningRequest(str(bad)) from None
    credential = _wish(session, device, CredentialKind.CERTIFICATE, by=by, now=now)
    credential.authority_id, credential.serial = signer.id, issued.serial
    credential.fingerprint, credential.not_after = issued.fingerprint, issued.not_after
    record(
        session, credential, "issue", None, credential.state, by=by, now=now, device=device.id, kind=credential.kind,
        serial=issued.serial,
    )  # fmt: skip
    return Shown(credential, certificate=issued.certificate, key=issued.key, authority=signer.certificate)


def withdraw(session: Session, device_id: int, *, by: str, now: datetime, reason: str) -> int:
    """The broker is to let it in no more; answers how many credentials that ends."""
    live = session.scalars(
        select(Credential)
        .where(Credential.device_id == device_id, Credential.state.in_(LIVE))
        .order_by(Credential.id)
        .with_for_update()
    ).all()
    for credential in live:
        credential.secret, credential.due_at, credential.attempts = None, now, 0
        move(session, credential, CredentialEvent.WITHDRAW, by=by, now=now, reason=reason)
    return len(live)


def withdraw_retired(session: Session, device_id: int, *, now: datetime) -> None:
    """A retired device comes in no more. For the clock's sweep."""
    withdraw(session, device_id, by="clock", now=now, reason="retired")


def move(
    session: Session, credential: Credential, event: CredentialEvent, *, by: str, now: datetime,
    reason: str | None = None,
) -> Credential:  # fmt: skip
    """The only place that changes a credential's state."""
    before, credential.state = credential.state, after(credential.state, event)
    if credential.state is CredentialState.APPLIED:
        credential.applied_at, credential.secret, credential.trouble = now, None, None
    if credential.state is CredentialState.REVOKED:
        credential.revoked_at, credential.secret, credential.trouble = now, None, None
    record(session, credential, event, before, credential.state, by=by, now=now, reason=reason)
    return credential


def authority(session: Session, *, by: str, now: datetime) -> CertificateAuthority:
    """Who signs now; the first time it begins."""
    newest = select(CertificateAuthority).order_by(CertificateAuthority.id.desc()).limit(1)
    found = session.scalar(newest)
    return found or begin_authority(session, by=by, now=now)


def begin_authority(session: Session, *, by: str, now: datetime) -> CertificateAuthority:
    """A new authority; certificates of the old one go on until they end or are revoked."""
    made = certificates.new_authority(f"Yinling devices {now:%Y-%m}", now=now)
    row = CertificateAuthority(certificate=made.certificate, key=made.key, begun_at=now, begun_by=by)
    session.add(row)
    session.flush()
    return row


def _device(session: Session, device_id: int) -> Device:
    """The device, held, where it may have an account; raises NotFound, NoAccount."""
    row = session.execute(
        select(Device, DeviceModel.transport)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .where(Device.id == device_id)
        .with_for_update(of=Device)
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such device.")
    check_may_have_one(row[1], row[0].state)
    return row[0]


def _wish(session: Session, device: Device, kind: CredentialKind, *, by: str, now: datetime) -> Credential:
    """A credential that the broker does not know yet; an earlier wish that it never heard of is dropped."""
    dropped = session.scalar(
        select(Credential)
        .where(Credential.device_id == device.id, Credential.state == CredentialState.WANTED)
        .with_for_update()
    )
    if dropped:
        dropped.secret = None
        move(session, dropped, CredentialEvent.REPLACE, by=by, now=now)
        session.flush()
    credential = Credential(
        district_id=device.district_id, device_id=device.id, wire_id=device.wire_id, kind=kind,
        state=CredentialState.WANTED, asked_at=now, asked_by=by, due_at=now, attempts=0,
    )  # fmt: skip
    session.add(credential)
    return credential
