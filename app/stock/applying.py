"""Tells the broker what is wanted: reads in one transaction, speaks to the broker in none, stores in a third.

Whatever is interrupted is done again, for a keeper's `put` and `remove` may be done twice. What was changed while the
broker was being told is left as it is now, and due again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.db import notice, transaction
from app.equipment.rules import DeviceState
from app.equipment.tables import Device
from app.stock import keys
from app.stock.rules import LIVE, PENDING, CredentialEvent, CredentialKind, CredentialState, next_try
from app.stock.tables import Credential
from devices import accounts
from devices.accounts import Login, Unreachable

log = structlog.get_logger()
A_TURN = 50  # accounts told in one go; Mosquitto's plugin holds everybody up while it writes each


@dataclass(frozen=True)
class Wish:
    """What one device's broker account is to become."""

    credential_id: int
    state: CredentialState
    login: Login


def due(session: Session, *, now: datetime, limit: int = A_TURN) -> Sequence[Wish]:
    """The oldest wish of each device whose turn has come: removing comes before giving anew."""
    first = (
        select(func.min(Credential.id).label("id"))
        .where(Credential.state.in_(PENDING))
        .group_by(Credential.device_id)
        .subquery()
    )
    rows = session.scalars(
        select(Credential)
        .join(first, first.c.id == Credential.id)
        .where(Credential.due_at <= now)
        .order_by(Credential.due_at)
        .limit(limit)
    )
    return [Wish(row.id, row.state, Login(row.wire_id, row.secret, row.hash)) for row in rows]


def apply_due() -> int:
    """One turn; answers how many wishes were fulfilled. Nobody is told where no keeper is set."""
    url = settings().accounts_url.get_secret_value()
    if not url:
        return 0
    with transaction() as session:
        wishes = due(session, now=datetime.now(UTC))
    if not wishes:
        return 0
    troubles = _tell(url, wishes)
    with transaction() as session:
        return sum(
            settle(session, wish, troubles.get(wish.login.name, ""), now=datetime.now(UTC)) for wish in wishes
        )  # fmt: skip


def _tell(url: str, wishes: Sequence[Wish]) -> Mapping[str, str]:
    """What went wrong, by name."""
    try:
        with accounts.keeper(url) as keeper:
            gone = keeper.remove([w.login.name for w in wishes if w.state is CredentialState.WITHDRAWN])
            made = keeper.put([w.login for w in wishes if w.state is CredentialState.WANTED])
        return {**gone, **made}
    except (Unreachable, OSError, ValueError) as error:
        log.warning("the broker was not told", error=str(error))
        return dict.fromkeys((wish.login.name for wish in wishes), str(error)[:300])


def settle(session: Session, wish: Wish, trouble: str, *, now: datetime) -> bool:
    """Write down what became of a wish, unless it has been changed meanwhile."""
    credential = session.get(Credential, wish.credential_id, with_for_update=True)
    if credential is None or credential.state is not wish.state:
        return False
    if trouble:
        credential.attempts, credential.trouble = credential.attempts + 1, trouble
        credential.due_at = next_try(credential.attempts, now)
        notice(session, credential.district_id, f"credentials/{credential.id}")
        return False
    if wish.state is CredentialState.WITHDRAWN:
        keys.move(session, credential, CredentialEvent.REVOKE, by="clock", now=now)
        return True
    before = session.scalar(
        select(Credential)
        .where(Credential.device_id == credential.device_id, Credential.state == CredentialState.APPLIED)
        .with_for_update()
    )
    if before:
        keys.move(session, before, CredentialEvent.REPLACE, by="clock", now=now)
        session.flush()
    keys.move(session, credential, CredentialEvent.APPLY, by="clock", now=now)
    return True


def retired_with_keys(session: Session, *, now: datetime) -> Sequence[int]:
    """Retired devices that the broker would still let in. For the clock's sweep."""
    return session.scalars(
        select(Device.id)
        .where(
            Device.state == DeviceState.RETIRED,
            Device.id.in_(select(Credential.device_id).where(Credential.state.in_(LIVE))),
        )
        .order_by(Device.id)
        .limit(500)
    ).all()


@dataclass(frozen=True)
class Difference:
    """Register and broker compared, by name."""

    lost: Sequence[str]  # the register says applied, the broker knows nobody of that name
    left_over: Sequence[str]  # a device of the register that the broker lets in and should not
    strangers: Sequence[str]  # accounts that belong to no device: platform, bridges, people


def compare(session: Session, names: set[str]) -> Difference:
    """What the broker has and what it should have."""
    rows = session.execute(select(Credential.wire_id, Credential.kind).where(Credential.state.in_(LIVE)))
    applied = session.execute(
        select(Credential.wire_id, Credential.kind).where(Credential.state == CredentialState.APPLIED)
    ).all()
    live = {wire_id for wire_id, _ in rows}
    by_file = settings().accounts_url.get_secret_value().startswith("file:")
    known = set(session.scalars(select(Device.wire_id).where(Device.wire_id.in_(names))))
    there = {
        wire_id for wire_id, kind in applied if not (by_file and kind is CredentialKind.CERTIFICATE)
    }  # a certificate needs no line in a password file
    return Difference(sorted(there - names), sorted((names & known) - live), sorted(names - known))


def mend(session: Session, difference: Difference, *, now: datetime) -> int:
    """Have what is left over removed; answers how many. A lost account needs a new password or the file from hashes."""
    count = 0
    for wire_id in difference.left_over:
        device = session.scalar(select(Device).where(Device.wire_id == wire_id))
        if device:
            session.add(
                Credential(
                    district_id=device.district_id, device_id=device.id, wire_id=wire_id, asked_by="doctor",
                    kind=CredentialKind.PASSWORD, state=CredentialState.WITHDRAWN, asked_at=now, due_at=now, attempts=0,
                )
            )  # fmt: skip
            count += 1
    return count
