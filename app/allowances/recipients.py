"""What elders bring: applications, accounts, proofs of life; and the word they get when a payment pauses."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from app import calendar
from app.allowances import queries
from app.allowances.rules import AllowanceKind, AppliedAlready, BadAccount, Hold, PayWay, ProofWay, check_account
from app.allowances.tables import AllowanceClaim, Payee, PayoutBatch, PayoutLine, ProofOfLife
from app.errors import Conflict, Unreadable
from app.history import record
from app.messages import actions as messages
from app.messages.rules import Channel
from app.people.tables import Contact, Elder
from app.vault import digest

OLDEST: Final = date(2000, 1, 1)
NAMES: Final = {
    AllowanceKind.OLD_AGE: "高龄津贴", AllowanceKind.NURSING: "护理补贴", AllowanceKind.SERVICE: "养老服务补贴",
}  # fmt: skip


def apply_for(
    session: Session,
    elder: Elder,
    kind: AllowanceKind,
    *,
    applied_on: date,
    resident_from: date | None = None,
    by: str,
    now: datetime,
) -> AllowanceClaim:
    """An application; what is due before it, the rule says. Raises Conflict, Unreadable."""
    if not OLDEST <= applied_on <= calendar.day_of(now) or (resident_from and resident_from > calendar.day_of(now)):
        raise Unreadable("An application lies neither ahead nor before 2000.")
    if queries.claim(session, elder.id, kind) is not None:
        raise AppliedAlready("She has applied for this already.")
    row = AllowanceClaim(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, kind=kind,
        applied_on=applied_on, resident_from=resident_from, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "apply", None, None, by=by, now=now)
    return row


def withdraw(session: Session, elder: Elder, kind: AllowanceKind, *, by: str, now: datetime, reason: str) -> None:
    """She does not want it any more, or it was a mistake."""
    row = queries.claim(session, elder.id, kind)
    if row is None:
        raise Conflict("She has not applied for this.")
    row.withdrawn_by, row.withdrawn_at = by, now
    record(session, row, "withdraw", None, None, by=by, now=now, reason=reason)


def set_payee(
    session: Session, elder: Elder, *, way: PayWay = PayWay.BANK, holder: str, bank: str | None = None,
    account: str | None = None, by: str, now: datetime,
) -> Payee:  # fmt: skip
    """How she is paid from now on; the way before stays to explain old lists. Raises Unreadable."""
    if way is PayWay.BANK and not (account and bank and bank.strip()):
        raise BadAccount("A transfer needs the bank and the account.")
    digits = check_account(account) if way is PayWay.BANK and account else None
    session.execute(update(Payee).where(Payee.elder_id == elder.id, Payee.current.is_(True)).values(current=False))
    row = Payee(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, way=way,
        holder=holder.strip(), bank=bank.strip() if digits and bank else None, account=digits,
        account_hash=digest("account", digits) if digits else None, current=True, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "set_account", None, None, by=by, now=now, way=way)
    return row


def prove(session: Session, elder: Elder, *, proven_on: date, way: ProofWay, by: str, now: datetime) -> ProofOfLife:
    """She was seen alive; a paused payment is made good by the next batch. Raises Unreadable."""
    if not OLDEST <= proven_on <= calendar.day_of(now):
        raise Unreadable("A proof of life lies neither ahead nor before 2000.")
    row = ProofOfLife(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, proven_on=proven_on,
        way=way, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "prove", None, None, by=by, now=now, way=way)
    return row


def tell_paused(session: Session, batch: PayoutBatch, *, now: datetime) -> int:
    """Who is paused by this batch and was not by the one before is told, or whoever is called first for her."""
    before, other = aliased(PayoutLine), aliased(PayoutBatch)
    was_paused = exists(
        select(before.id)
        .join(other, other.id == before.batch_id)
        .where(
            before.elder_id == PayoutLine.elder_id, before.hold == Hold.PROOF_OVERDUE, other.kind == batch.kind,
            other.issued_at.is_not(None), other.id < batch.id,
        )
    )  # fmt: skip
    rows = session.execute(
        select(Elder, Contact)
        .join(PayoutLine, PayoutLine.elder_id == Elder.id)
        .outerjoin(Contact, (Contact.elder_id == Elder.id) & (Contact.rank == 1))
        .where(PayoutLine.batch_id == batch.id, PayoutLine.hold == Hold.PROOF_OVERDUE, ~was_paused)
        .order_by(Elder.id)
    ).all()
    told = 0
    for elder, contact in rows:
        to = elder.phone or (contact.phone if contact else None)
        if to is None:
            continue
        whose = elder.name if elder.phone else f"{contact.name}（{elder.name}的联系人）"
        messages.tell(
            session, district_id=batch.district_id, division_code=elder.division_code, channel=Channel.SMS, to=to,
            key=f"payout-paused-{batch.id}-{elder.id}", to_whom=whose, elder_id=elder.id,
            about=f"payout_batches/{batch.id}", now=now,
            text=f"【银铃】{elder.name}的{NAMES[batch.kind]}因生存认证到期，自{batch.month.month}月起暂停发放。"
            "请带身份证到社区，或请社区人员上门认证；认证后下月补发。",
        )  # fmt: skip
        told += 1
    return told
