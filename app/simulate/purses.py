"""Whose money pays in the demo district: programmes, lists, a change that waits for approval, and what befell some.

Amounts of the district's purchase are the source's; all others are estimates (domain.md 2.5 to 2.7).
"""

import random
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import calendar
from app.db import transaction
from app.equipment.tables import Device
from app.funding import programs
from app.funding.terms import AgeBand, ProgramKind, Terms
from app.life_events import actions as life_events
from app.people.life_rules import LifeKind, LifeSource
from app.people.rules import AbilityLevel, Category, Register
from app.people.tables import Elder

WHO: Final = ("李国栋 (liguodong)", "吴军 (wujun)")
LEVEL_CENTS: Final = {  # the core sentence; 完全失能 has no line of its own there and gets the highest
    AbilityLevel.INTACT: 200_00, AbilityLevel.MILD: 200_00, AbilityLevel.MODERATE: 260_00, AbilityLevel.SEVERE: 320_00,
    AbilityLevel.TOTAL: 320_00,
}  # fmt: skip
WORSE: Final = (AbilityLevel.MODERATE, AbilityLevel.SEVERE, AbilityLevel.TOTAL)
VOUCHER_SHARE, LTCI_SHARE = 0.3, 0.2  # of those who could have it


def make(session: Session, district_id: int, since: date) -> None:
    """The programmes, all since the first of the year before."""
    shared: dict[str, Any] = {"district_id": district_id, "starts": since, "people": WHO}
    programs.add_program(
        session, code="voucher", kind=ProgramKind.VOUCHER, name_zh="养老服务消费补贴", name_en="National voucher",
        amounts=dict.fromkeys(WORSE, 500_00), rank=1, share_percent=40, min_age=60, enrolled=True,
        no_category=[Category.TEKUN], note="民办函〔2025〕49号", **shared,
    )  # fmt: skip
    programs.add_program(
        session, code="meals", kind=ProgramKind.MEAL, name_zh="老年助餐补贴", name_en="Meal subsidy", rank=2,
        amounts=dict.fromkeys(AbilityLevel, 60_00), min_age=60, aids=["meal"], not_on_line_with=["voucher"],
        bands=[AgeBand(from_age=60, cents=3_00), AgeBand(from_age=80, cents=5_00)], note="区民政〔2025〕11号", **shared,
    )  # fmt: skip
    programs.add_program(
        session, code="district_purchase", name_zh="区政府购买居家养老服务", name_en="District purchase of home care",
        amounts=LEVEL_CENTS, rank=3, note="区民政〔2021〕6号", **shared,
    )  # fmt: skip
    programs.add_program(
        session, code="ltci", kind=ProgramKind.LTCI, name_zh="长期护理保险居家护理", name_en="Long-term care insurance",
        amounts={"3": 600_00, "4": 900_00, "5": 1200_00}, scale="ltci", enrolled=True, rank=1, share_percent=90,
        items=["BATH", "REHAB"], not_on_line_with=["voucher"], stopped_by=[LifeKind.HOSPITAL, LifeKind.INSTITUTION],
        pro_rata=True, note="医保待遇名单", **shared,
    )  # fmt: skip
    programs.add_program(
        session, code="scattered_care", kind=ProgramKind.CASH_SERVICE, name_zh="分散供养照料“货币+服务”",
        name_en="Cash and service for destitute support", amounts=dict.fromkeys(AbilityLevel, 80_00),
        cash=dict.fromkeys(map(str, AbilityLevel), 120_00), any_category=[Category.TEKUN], rank=4,
        note="区民政〔2025〕3号", **shared,
    )  # fmt: skip


def enrol(rng: random.Random, district_id: int, *, now: datetime) -> None:
    """Some on the voucher's list, fewer on the insurance's; and a change of amounts that waits for a second person."""
    today = calendar.day_of(now)
    since = calendar.last_month(calendar.last_month(today.replace(day=1)))
    with transaction() as session:
        found = {program.code: program for program in programs.all_of(session, district_id)}
        elders = session.scalars(
            select(Elder).where(Elder.register == Register.PURCHASED_SERVICE, Elder.level.in_(WORSE)).order_by(Elder.id)
        ).all()
        for number, elder in enumerate(elders, 1):
            if rng.random() < VOUCHER_SHARE and Category.TEKUN not in elder.categories:
                programs.enrol(
                    session, elder, found["voucher"], starts=since, decision=f"民政通 {today.year}-{number:05d}",
                    agent={"name": "社区代办", "relation": "community_worker"}, by=WHO[0], now=now,
                )  # fmt: skip
            if elder.level is not AbilityLevel.MODERATE and rng.random() < LTCI_SHARE:
                programs.enrol(
                    session, elder, found["ltci"], starts=since, level=rng.choice("345"),
                    decision=f"长护 {today.year}-{number:04d}", by=WHO[0], now=now,
                )  # fmt: skip
        more = {**LEVEL_CENTS, AbilityLevel.SEVERE: 360_00, AbilityLevel.TOTAL: 400_00}
        programs.draft(
            session, found["district_purchase"],
            Terms(amounts={str(level): cents for level, cents in more.items()}, rank=3, pro_rata=True),
            starts=calendar.next_month(today.replace(day=1)), note="区民政〔2026〕7号（征求意见）", by=WHO[0], now=now,
        )  # fmt: skip
        session.info.pop("notices", None)


def befall(rng: random.Random, district_id: int, *, now: datetime) -> None:
    """One has died, one has moved, one is in hospital and one was: what was booked for them is off."""
    today = calendar.day_of(now)
    with transaction() as session:
        quiet = session.scalars(
            select(Elder.id)
            .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE)
            .where(~exists().where(Device.elder_id == Elder.id), Elder.ended_at.is_(None))
            .order_by(Elder.id)
        ).all()
    told: tuple[tuple[LifeKind, int, int | None, LifeSource, str], ...] = (
        (LifeKind.DEATH, 9, None, LifeSource.POLICE, "户籍注销比对"),
        (LifeKind.MOVED_AWAY, 6, None, LifeSource.FAMILY, "随女儿迁往东营区"),
        (LifeKind.HOSPITAL, 4, None, LifeSource.FAMILY, "肺炎，区人民医院"),
        (LifeKind.HOSPITAL, 12, 5, LifeSource.CAREGIVER, "摔伤观察，已回家"),
    )
    for elder_id, (kind, ago, until, source, note) in zip(rng.sample(quiet, min(4, len(quiet))), told, strict=False):
        with transaction() as session:
            life_events.tell(
                session, elder_id, kind=kind, starts=today - timedelta(days=ago), source=source, note=note,
                ends=today - timedelta(days=until) if until else None, by="赵敏 (zhaomin)", now=now,
            )  # fmt: skip
            session.info.pop("notices", None)
