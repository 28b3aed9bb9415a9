"""Allowances in cash of the demo district: rules of two persons, who applied, months paid, what came back, what waits.

Amounts are local everywhere, so these are estimates (domain.md 2.6).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import calendar
from app.allowances import actions, drafting, recipients, scheduling
from app.allowances.rules import (
    AllowanceKind,
    Band,
    LineState,
    PayWay,
    ProofWay,
    ReturnReason,
    Terms,
    luhn,
)
from app.allowances.tables import AllowanceClaim, Payee, PayoutLine, ProofOfLife
from app.db import add_rows, transaction
from app.equipment.tables import Device
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.life_events import actions as life_events
from app.people import actions as people
from app.people.life_rules import LifeKind, LifeSource
from app.people.rules import AbilityLevel, Category, Register
from app.people.tables import Elder, Home
from app.simulate.progress import Progress
from app.simulate.purses import WHO
from app.vault import digest

BY: Final = "台账转入"
OPERATOR: Final = "赵敏 (zhaomin)"
OLD_AGE, NURSING, SERVICE = AllowanceKind.OLD_AGE, AllowanceKind.NURSING, AllowanceKind.SERVICE
BANKS: Final = ("河口农商银行", "中国邮政储蓄银行", "中国农业银行", "东营银行", "中国工商银行")
POOR: Final = (Category.TEKUN, Category.DIBAO, Category.DIBAO_MARGINAL)
APPLIED, WITH_ACCOUNT, IN_CASH = 0.97, 0.985, 0.02
LATE, PROVEN_SINCE, RETURNED, LOST = 6, 4, 6, 1
DRAFTED_ON: Final = 5  # of each month
ENOUGH_FOR_TWINS: Final = 100  # recipients, before one of them is on record twice


@dataclass(frozen=True)
class Known:
    """What is asked of an elder here."""

    id: int
    name: str
    division_code: str
    born: date
    level: AbilityLevel
    categories: Sequence[str]


def paid(rng: random.Random, district_id: int, *, now: datetime, tell: Progress) -> None:
    """Two months through every hand to the bank and back, and this month's on its way."""
    today = calendar.day_of(now)
    this = today.replace(day=1)
    last = calendar.last_month(this)
    before = calendar.last_month(last)
    _rules(district_id, before, now=now)
    with transaction() as session:
        found = _recipients(session, district_id, today)
        late = _sign_up(session, rng, district_id, found, today, now=now)
        session.info.pop("notices", None)
    tell("allowances", 1, 4)
    for kind in AllowanceKind:
        _issued(rng, district_id, kind, before, closed=True)
    with transaction() as session:
        _news(session, rng, district_id, found, before, now=now)
        session.info.pop("notices", None)
    tell("allowances", 2, 4)
    for kind in AllowanceKind:
        _issued(rng, district_id, kind, last, closed=False)
    with transaction() as session:
        _late(session, rng, district_id, late, today, now=now)
        session.info.pop("notices", None)
    tell("allowances", 3, 4)
    for kind in (OLD_AGE, NURSING):
        batch_id = _drafted(district_id, kind, this, by=WHO[0], now=now - timedelta(hours=3))
        with transaction() as session:
            if kind is OLD_AGE:
                actions.check(session, batch_id, by=WHO[0], now=now - timedelta(hours=2))
                actions.approve(session, batch_id, by=WHO[0], now=now - timedelta(hours=1))
            session.info.pop("notices", None)
    with transaction() as session:
        for kind in AllowanceKind:
            scheduling.settle_day(
                session, district_id, kind, this, DRAFTED_ON, note="区民政局发放日历", by=WHO[0], now=now
            )  # fmt: skip
        session.info.pop("notices", None)
    tell("allowances", 4, 4)


def _rules(district_id: int, since: date, *, now: datetime) -> None:
    """In force from the first month paid here: what went before, the old lists have paid."""
    poor, cash = tuple(POOR), (PayWay.BANK, PayWay.COUNTER, PayWay.DOOR)
    old = ((80, 100_00), (90, 300_00), (100, 800_00))
    levels = ((AbilityLevel.MODERATE, 60_00), (AbilityLevel.SEVERE, 100_00), (AbilityLevel.TOTAL, 150_00))
    wanted: list[tuple[AllowanceKind, str, date, Terms, str]] = [
        (OLD_AGE, "", since, Terms(bands=_bands(old), back_months=3, ways=cash), "区民政〔2024〕18号 高龄津贴发放办法"),
        (
            OLD_AGE, "002", since, Terms(bands=_bands(((80, 120_00), *old[1:])), back_months=3, ways=cash),
            "六合街道办〔2024〕7号 街道加发20元",
        ),
        (
            NURSING, "", since,
            Terms(bands=tuple(Band(from_age=60, level=one, cents=cents) for one, cents in levels), any_category=poor),
            "区民政〔2023〕9号 经济困难失能老年人护理补贴",
        ),
        (
            SERVICE, "", since, Terms(bands=_bands(((80, 80_00),)), any_category=poor),
            "区民政〔2023〕9号 经济困难高龄老年人养老服务补贴",
        ),
    ]  # fmt: skip
    with transaction() as session:
        then = calendar.month_bounds(since)[0] - timedelta(days=20)
        for kind, part, starts, terms, note in wanted:
            said: dict[str, Any] = {"kind": kind, "area": f"{district_id}{part}", "starts": starts, "terms": terms}
            row = actions.draft_rule(session, district_id=district_id, **said, note=note, by=WHO[0], now=then)
            actions.approve_rule(session, row.id, by=WHO[1], now=then + timedelta(days=2))
        more = Terms(bands=_bands(((80, 120_00), (90, 320_00), (100, 1000_00))), back_months=3, ways=cash)
        coming = calendar.next_month(calendar.month_of(now))
        actions.draft_rule(
            session, district_id=district_id, kind=OLD_AGE, area=f"{district_id}", terms=more, starts=coming,
            note="区民政〔2026〕5号（提标，待审批）", by=WHO[0], now=now - timedelta(days=2),
        )  # fmt: skip
        session.info.pop("notices", None)


def _bands(said: Sequence[tuple[int, int]]) -> tuple[Band, ...]:
    return tuple(Band(from_age=age, cents=cents) for age, cents in said)


def _recipients(session: Session, district_id: int, today: date) -> list[tuple[Known, list[AllowanceKind]]]:
    """Everybody who may be due something, and what."""
    eighty = date(today.year - 80, today.month, 1)
    columns = (Elder.id, Elder.name, Elder.division_code, Elder.born, Elder.level, Elder.categories)
    rows = session.execute(
        select(*columns).where(Elder.district_id == district_id, Elder.ended_at.is_(None)).order_by(Elder.id)
    )
    found = []
    for row in rows:
        one = Known(*row)
        poor = any(tag in one.categories for tag in POOR)
        worse = one.level not in (AbilityLevel.INTACT, AbilityLevel.MILD)
        old = one.born <= calendar.next_month(eighty)
        kinds = [kind for kind, due in ((OLD_AGE, old), (NURSING, poor and worse), (SERVICE, poor and old)) if due]
        if kinds:
            found.append((one, kinds))
    return found


def _sign_up(
    session: Session, rng: random.Random, district_id: int, found: Sequence[tuple[Known, list[AllowanceKind]]],
    today: date, *, now: datetime,
) -> list[Known]:  # fmt: skip
    """Applications, accounts and proofs as the old lists had them; answers who has not come to apply yet."""
    claims: list[dict[str, Any]] = []
    payees: list[dict[str, Any]] = []
    proofs: list[dict[str, Any]] = []
    late, numbers = [], list[str]()
    for one, kinds in found:
        mine = {"district_id": district_id, "division_code": one.division_code, "elder_id": one.id, "by": BY, "at": now}
        if rng.random() > APPLIED:
            late.append(one)
            continue
        applied = today - timedelta(days=rng.randint(420, 2000))
        claims += [{**mine, "kind": kind, "applied_on": applied} for kind in kinds]
        seen = today - timedelta(days=rng.choices((rng.randint(20, 320), rng.randint(325, 362), rng.randint(395, 420)),
                                                  (90, 7, 3))[0])  # fmt: skip
        proofs.append({**mine, "proven_on": seen, "way": rng.choice((ProofWay.COUNTER, ProofWay.PHONE_FACE))})
        if rng.random() > WITH_ACCOUNT:
            continue
        shared = numbers and len(payees) % 190 == 3
        number = numbers[-1] if shared else _card(rng)
        numbers.append(number)
        cash = rng.random() < IN_CASH and kinds == [OLD_AGE]
        way = rng.choice((PayWay.COUNTER, PayWay.DOOR)) if cash else PayWay.BANK
        payees.append(
            {
                **mine, "way": way, "holder": one.name, "bank": None if cash else rng.choice(BANKS),
                "account": None if cash else number, "account_hash": None if cash else digest("account", number),
                "current": True,
            }
        )  # fmt: skip
    add_rows(session, AllowanceClaim, claims)
    add_rows(session, Payee, payees)
    add_rows(session, ProofOfLife, proofs)
    return late


def _card(rng: random.Random) -> str:
    body = "6223" + "".join(rng.choices("0123456789", k=14))
    return next(f"{body}{last}" for last in range(10) if luhn([int(digit) for digit in f"{body}{last}"]))


def _drafted(district_id: int, kind: AllowanceKind, month: date, *, by: str, now: datetime) -> int:
    with transaction() as session:
        batch, job = actions.open_batch(session, district_id=district_id, kind=kind, month=month, by=by, now=now)
        session.flush()
        jobs.begin(session, job.id, by=drafting.WORKER, now=now)
        session.info.pop("notices", None)
    drafting.carry_on(batch.id, now=now)
    with transaction() as session:
        jobs.move(session, session.get_one(Job, job.id), JobEvent.FINISH, by=drafting.WORKER, now=now)
        session.info.pop("notices", None)
    return batch.id


def _issued(rng: random.Random, district_id: int, kind: AllowanceKind, month: date, *, closed: bool) -> None:
    """Drafted on the 5th, at the bank on the 8th, and back from there on the 10th."""
    began = calendar.month_bounds(month)[0]
    first, second = WHO
    batch_id = _drafted(district_id, kind, month, by=first, now=began + timedelta(days=4, hours=2))
    with transaction() as session:
        then = began + timedelta(days=5, hours=1)
        actions.check(session, batch_id, by=first, now=then)
        actions.approve(session, batch_id, by=first, now=then + timedelta(minutes=4))
        actions.approve(session, batch_id, by=second, now=then + timedelta(hours=4))
        actions.issue(session, batch_id, by=first, now=then + timedelta(days=2))
        session.flush()
        _came_back(session, rng, batch_id, closed=closed, now=then + timedelta(days=5))
        _collected(session, rng, batch_id, closed=closed, now=then + timedelta(days=4))
        if closed:
            actions.close(session, batch_id, by=second, now=then + timedelta(days=20))
        session.info.pop("notices", None)


def _came_back(session: Session, rng: random.Random, batch_id: int, *, closed: bool, now: datetime) -> None:
    """A few payments the bank sent back; those of a closed month were all settled."""
    rows = session.scalars(
        select(PayoutLine)
        .join(Payee, Payee.id == PayoutLine.payee_id)
        .where(PayoutLine.batch_id == batch_id, PayoutLine.state == LineState.PAID, Payee.way == PayWay.BANK)
        .order_by(PayoutLine.id)
    ).all()
    whys = (ReturnReason.CLOSED_ACCOUNT, ReturnReason.WRONG_NAME, ReturnReason.DORMANT_ACCOUNT)
    for number, line in enumerate(rng.sample(rows, min(len(rows) // 40, RETURNED))):
        actions.give_back(session, line.id, whys[number % 3], by=WHO[0], now=now)
        if not closed and number % 2:
            continue
        if closed and number < LOST:
            actions.give_up(session, line.id, by=WHO[0], now=now, reason="多次联系不上，账户由街道核实")
            continue
        elder = session.get_one(Elder, line.elder_id)
        recipients.set_payee(
            session, elder, holder=elder.name, bank=rng.choice(BANKS), account=_card(rng), by=OPERATOR, now=now
        )
        actions.correct(session, line.id, by=WHO[0], now=now)


def _collected(session: Session, rng: random.Random, batch_id: int, *, closed: bool, now: datetime) -> None:
    """Cash that was signed for; of an open month some waits."""
    waiting = select(PayoutLine.id).where(PayoutLine.batch_id == batch_id, PayoutLine.state == LineState.TO_COLLECT)
    for line_id in session.scalars(waiting.order_by(PayoutLine.id)).all():
        if closed or rng.random() < 0.6:
            who = rng.choice(("本人", "本人", "儿子代领", "女儿代领"))
            actions.collect(session, line_id, collected_by=who, by=WHO[0], now=now)


def _news(
    session: Session, rng: random.Random, district_id: int, found: Sequence[tuple[Known, list[AllowanceKind]]],
    paid_month: date, *, now: datetime,
) -> None:  # fmt: skip
    """A death nobody had told of when the month was paid, and a person who is on record twice."""
    told_late = session.scalars(
        select(Elder.id)
        .where(Elder.id.in_([one.id for one, _ in found]), Elder.register == Register.WELFARE_VISITS)
        .where(Elder.ended_at.is_(None), ~exists().where(Device.elder_id == Elder.id))
        .where(exists().where(PayoutLine.elder_id == Elder.id, PayoutLine.state == LineState.PAID))
        .order_by(Elder.id)
    ).all()
    if told_late:
        life_events.tell(
            session, rng.choice(told_late), kind=LifeKind.DEATH, starts=paid_month - timedelta(days=6), ends=None,
            source=LifeSource.POLICE, note="户籍注销比对", by=OPERATOR, now=now,
        )  # fmt: skip
    if len(found) < ENOUGH_FOR_TWINS:
        return
    one, _ = rng.choice([(one, kinds) for one, kinds in found if kinds == [OLD_AGE]])
    real = session.get_one(Elder, one.id)
    twin = people.add_elder(
        session, home=session.get_one(Home, real.home_id), name=real.name, level=real.level, born=real.born,
        sex=real.sex, register=Register.WELFARE_VISITS, id_unverified="旧户口本，号码看不清",
    )  # fmt: skip
    session.flush()
    recipients.apply_for(session, twin, OLD_AGE, applied_on=calendar.day_of(now), by=OPERATOR, now=now)


def _late(
    session: Session, rng: random.Random, district_id: int, late: Sequence[Known], today: date, *, now: datetime
) -> None:
    """Some come to apply at last, and some whose proof had ended are seen again: the next batch pays back."""
    for one in rng.sample(late, min(len(late), LATE)):
        if one.born.year + 80 > today.year:
            continue
        elder = session.get_one(Elder, one.id)
        recipients.apply_for(session, elder, OLD_AGE, applied_on=today - timedelta(days=5), by=OPERATOR, now=now)
        recipients.set_payee(
            session, elder, holder=one.name, bank=rng.choice(BANKS), account=_card(rng), by=OPERATOR, now=now
        )
    paused = session.scalars(
        select(PayoutLine.elder_id).where(PayoutLine.hold == "proof_overdue").order_by(PayoutLine.elder_id).distinct()
    ).all()
    for elder_id in paused[:PROVEN_SINCE]:
        elder = session.get_one(Elder, elder_id)
        if elder.ended_at is None:
            recipients.prove(session, elder, proven_on=today, way=ProofWay.HOME_VISIT, by=OPERATOR, now=now)
