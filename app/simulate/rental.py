"""The demo district's aids for rent: a catalogue, two stores with their units, who has what, who waits, what is due."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import AidCategory
from app.db import transaction
from app.errors import CareError
from app.orders.rules import Channel
from app.people.rules import AbilityLevel, Register
from app.people.tables import Elder
from app.places.rules import Tier
from app.places.tables import Facility
from app.rental import charging, keeping, lending, queries
from app.rental.keeping import AidWish
from app.rental.lending import HandOver, RentalWish
from app.rental.rules import (
    AidKind,
    Condition,
    EndReason,
    MoneyWay,
    RentalState,
    Signer,
    Terms,
    UnitEvent,
    UnitState,
    check_for_her,
)
from app.rental.tables import AidStore, AidUnit, Rental

BUREAU, STORE, HOTLINE, ASSESSOR = "李国栋 (liguodong)", "辅具管理员", "赵敏 (zhaomin)", "张萍 (zhangping)"
K, A = AidKind, AidCategory
FRAIL: Final = (AbilityLevel.MODERATE, AbilityLevel.SEVERE, AbilityLevel.TOTAL)
BEDRIDDEN: Final = (AbilityLevel.SEVERE, AbilityLevel.TOTAL)
OFFERED: Final = (  # prices are estimates: rent, deposit, worth in yuan; how many each store has
    (AidWish("LY-01", K.WHEELCHAIR, A.MOBILITY, "手动轮椅", "Wheelchair"), 60, 400, 800, 7),
    (AidWish("LY-02", K.WHEELCHAIR, A.MOBILITY, "高靠背护理轮椅", "High-back wheelchair", FRAIL), 110, 800, 1800, 3),
    (AidWish("ZX-01", K.WALKER, A.MOBILITY, "四轮助行器", "Rollator"), 30, 150, 380, 6),
    (AidWish("HL-01", K.CARE_BED, A.MEDICAL, "双摇护理床", "Care bed, two cranks", FRAIL), 150, 1000, 2600, 4),
    (
        AidWish("HL-02", K.CARE_BED, A.MEDICAL, "电动翻身护理床", "Electric care bed", BEDRIDDEN, True),
        280,
        2000,
        6800,
        2,
    ),
    (AidWish("CD-01", K.MATTRESS, A.MEDICAL, "防压疮气垫", "Anti-decubitus mattress", BEDRIDDEN), 50, 200, 520, 5),
    (AidWish("MY-01", K.BATH_CHAIR, A.BATHING, "沐浴椅", "Bath chair"), 20, 80, 220, 6),
    (AidWish("ZB-01", K.COMMODE, A.BATHING, "坐便椅", "Commode chair"), 20, 80, 240, 4),
    (AidWish("YW-01", K.HOIST, A.MEDICAL, "移位机", "Patient hoist", BEDRIDDEN, True), 220, 1500, 4800, 1),
    (AidWish("ZY-01", K.OXYGEN, A.MEDICAL, "5L 制氧机", "Oxygen concentrator, 5 l", (), True), 160, 800, 3200, 3),
)
SIGNERS: Final = ((Signer.ELDER, ""), (Signer.FAMILY, "女儿"), (Signer.FAMILY, "儿子"))


def lend(rng: random.Random, district_id: int, *, now: datetime) -> int:
    """Stores that opened two months ago; answers how many aids are lent."""
    opened = now - timedelta(days=62)
    with transaction() as session:
        stores = _open(session, district_id, at=opened)
        elders = _elders(session, rng, district_id)
        session.info.pop("notices", None)
    for store in stores:
        for elder in _some(elders, 34):
            with transaction() as session:
                _lend(session, rng, store, elder, at=opened + timedelta(days=rng.uniform(1, 60)), now=now)
                session.info.pop("notices", None)
    with transaction() as session:
        _befall(session, rng, now=now)
        session.info.pop("notices", None)
        return len(queries.rentals(session, district_id, states=[RentalState.LENT]))


def _open(session: Session, district_id: int, *, at: datetime) -> list[AidStore]:
    keeping.settle_terms(
        session, district_id, calendar.day_of(at), Terms(), note="河口区康复辅具社区租赁试点办法", by=BUREAU, now=at
    )
    places = session.scalars(
        select(Facility)
        .where(Facility.district_id == district_id)
        .where(Facility.tier.in_((Tier.STREET_CENTER, Tier.COMMUNITY_CENTER)))
        .order_by(Facility.id)
    ).all()
    stores = [keeping.add_store(session, district_id, place.id, by=BUREAU, now=at) for place in (places[0], places[-1])]
    for wish, rent, deposit, value, pieces in OFFERED:
        aid = keeping.add_aid(session, district_id, wish, by=BUREAU, now=at)
        keeping.set_price(
            session, aid.id, calendar.day_of(at), rent_cents=rent * 100, deposit_cents=deposit * 100,
            value_cents=value * 100, by=BUREAU, now=at,
        )  # fmt: skip
        bought = calendar.day_of(at) - timedelta(days=20)
        for number, store in enumerate(stores, 1):
            serials = [f"{wish.code}-{number}{n:02d}" for n in range(1, max(pieces // number, 1) + 1)]
            keeping.register(session, store.id, aid.id, serials, bought, by=STORE, now=at)
    return stores


def _elders(session: Session, rng: random.Random, district_id: int) -> Iterator[int]:
    """The frail first: they need most."""
    found = session.execute(
        select(Elder.id, Elder.level)
        .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE)
        .where(Elder.ended_at.is_(None), Elder.away.is_(None))
        .order_by(Elder.id)
    ).all()
    return iter([id_ for id_, _ in sorted(found, key=lambda row: (row.level not in FRAIL, rng.random()))])


def _some(elders: Iterator[int], count: int) -> list[int]:
    return [one for _, one in zip(range(count), elders, strict=False)]


def _lend(
    session: Session, rng: random.Random, store: AidStore, elder_id: int, *, at: datetime, now: datetime
) -> None:  # fmt: skip
    """One elder's aid: booked, fetched the next day where one is free, charged until now."""
    elder = session.get_one(Elder, elder_id)
    fits = []
    for aid in queries.aids(session, store.district_id):
        try:
            check_for_her(aid.levels, elder.level, needs_advice=False, advised=False)
        except CareError:
            continue
        fits.append(aid)
    aid = rng.choice(fits)
    if aid.needs_advice:
        until = calendar.day_of(at) + timedelta(days=365)
        keeping.advise(session, elder_id, aid.id, until=until, why="评估建议长期使用", by=ASSESSOR, now=at)
    wish = RentalWish(elder_id, aid.id, store.id, rng.choice((1, 3, 3, 6)))
    rental = lending.book(session, wish, channel=Channel.HOTLINE, by=HOTLINE, now=at)
    fetched = at + timedelta(hours=rng.uniform(3, 40))
    if rental.unit_id is None or fetched >= now:
        return
    signer, of = rng.choice(SIGNERS)
    deposit = queries.price_on(session, aid.id, calendar.day_of(at)).deposit_cents
    said = HandOver(
        queries.unit(session, rental.unit_id).serial, signer, elder.name if not of else f"{elder.name}之{of}",
        deposit, rng.choice((MoneyWay.WECHAT, MoneyWay.CASH, MoneyWay.TRANSFER)),
    )  # fmt: skip
    lending.hand_over(session, rental.id, said, by=STORE, now=fetched)
    for month in charging.months_of(rental, until=calendar.day_of(now))[1:]:  # each on its first day, as the clock does
        turn = calendar.month_bounds(month)[0]
        charging.open_months(session, rental, until=month, by=STORE, now=turn)
        charging.pay_over(session, rental, before=month, by=STORE, now=turn)


def _befall(session: Session, rng: random.Random, *, now: datetime) -> None:
    """Some came back in each way there is, one waits to be fetched, one piece is being repaired."""
    lent = session.scalars(select(Rental).where(Rental.state == RentalState.LENT).order_by(Rental.id)).all()
    chosen = [one for one in lent if one.starts and one.starts < calendar.day_of(now) - timedelta(days=12)]
    rng.shuffle(chosen)
    yesterday = now - timedelta(days=1)
    for number, rental in enumerate(chosen[:8]):
        last = calendar.day_of(yesterday)
        if number < 2:
            lending.end(session, rental.id, EndReason.WISH, last=last, by=HOTLINE, now=yesterday)
            continue
        serial = queries.unit(session, rental.unit_id or 0).serial
        lending.bring_back(session, rental.id, serial, by=STORE, now=yesterday)
        if number == 2:
            continue
        broken = number == 3
        lending.inspect(
            session, rental.id, Condition.DAMAGED if broken else Condition.WORN, damage_cents=6_000 if broken else 0,
            way=MoneyWay.CASH, reason="刹车手柄断裂" if broken else None, by=STORE, now=yesterday,
        )  # fmt: skip
    cleaned = session.scalars(select(AidUnit).where(AidUnit.state == UnitState.CLEANING).order_by(AidUnit.id)).all()
    for unit in cleaned[2:]:
        keeping.by_hand(session, unit.id, UnitEvent.READY, by=STORE, now=now, reason=None)
    session.flush()
    for rental_id in queries.allottable(session, now=now):
        lending.allot(session, rental_id, now=now)
