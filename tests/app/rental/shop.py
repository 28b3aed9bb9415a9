"""A store with a wheelchair or two, and what an address of aids and rentals can name."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.calendar import day_of
from app.catalogue.rules import AidCategory
from app.orders.rules import Channel
from app.people.tables import Elder, Provider
from app.places.rules import Tier
from app.places.tables import Facility
from app.rental import counting, keeping, lending
from app.rental.keeping import AidWish
from app.rental.lending import HandOver, RentalWish
from app.rental.rules import AidKind, MoneyWay, Signer
from app.rental.tables import Aid, AidStore, AidUnit, Rental
from tests.cast import CENTRE, COMMUNITY, DISTRICT, TEN, a_division, a_provider

BEFORE = TEN - timedelta(days=30)
CHAIR = AidWish("WC", AidKind.WHEELCHAIR, AidCategory.MOBILITY, "轮椅", "Wheelchair")


def an_aid(
    session: Session, wish: AidWish = CHAIR, *, rent: int = 9_000, deposit: int = 50_000, value: int = 90_000
) -> Aid:
    """A wheelchair for 90 yuan a month, 500 yuan deposit, worth 900; the same one when it is there."""
    found = session.query(Aid).filter_by(code=wish.code).first()
    if found is None:
        found = keeping.add_aid(session, DISTRICT, wish, by="test", now=BEFORE)
        keeping.set_price(
            session, found.id, day_of(BEFORE), rent_cents=rent, deposit_cents=deposit, value_cents=value, by="test",
            now=BEFORE,
        )  # fmt: skip
    return found


def a_store(session: Session, *, provider: Provider | None = None) -> AidStore:
    """In the community."""
    a_division(session)
    provider = provider or session.query(Provider).first() or a_provider(session)
    place = Facility(
        district_id=DISTRICT, name="河运辅具租赁点", tier=Tier.STATION, division_code=COMMUNITY,
        provider_id=provider.id, lat=CENTRE.lat, lon=CENTRE.lon,
    )  # fmt: skip
    session.add(place)
    session.flush()
    return keeping.add_store(session, DISTRICT, place.id, by="test", now=BEFORE)


def units(session: Session, store: AidStore, aid: Aid, *serials: str) -> list[AidUnit]:
    """New ones."""
    return keeping.register(session, store.id, aid.id, serials, day_of(BEFORE), by="test", now=BEFORE)


def booked(session: Session, elder: Elder, store: AidStore, aid: Aid, *, now: datetime = TEN, **given: Any) -> Rental:
    """For three months."""
    wish = RentalWish(elder.id, aid.id, store.id, 3, **given)
    return lending.book(session, wish, channel=Channel.HOTLINE, by="Zhao", now=now)


def handed(session: Session, rental: Rental, serial: str, *, now: datetime = TEN, deposit: int = 50_000) -> Rental:
    """Signed by her daughter, paid in cash."""
    said = HandOver(serial, Signer.FAMILY, "周慧", deposit, MoneyWay.CASH)
    return lending.hand_over(session, rental.id, said, by="Sun", now=now)


def rental_things(session: Session, elder: Elder, provider: Provider) -> dict[str, int]:
    """A store with a wheelchair that the elder has, and a count of it."""
    store, aid = a_store(session, provider=provider), an_aid(session)
    (unit,) = units(session, store, aid, f"WC-{elder.id}")
    rental = handed(session, booked(session, elder, store, aid), unit.serial)
    count = counting.begin(session, store.id, by="test", now=TEN)
    session.flush()
    return {
        "aid_id": aid.id, "store_id": store.id, "unit_id": unit.id, "rental_id": rental.id, "count_id": count.id,
    }  # fmt: skip


def rental_bodies(ids: dict[str, int], why: dict[str, str]) -> dict[str, Any]:
    """What is sent to the doors of aids and rentals."""
    cost = {"rent_cents": 9_000, "deposit_cents": 10_000, "value_cents": 90_000}
    return {
        "/api/aids": {"code": "BED9", "kind": "care_bed", "aid": "medical", "name_zh": "床", "name_en": "Bed"} | cost,
        "/api/aids/kinds/{aid_id}/prices": {"starts": "2030-01-01"} | cost,
        "/api/aids/kinds/{aid_id}/end": why,
        "/api/aids/terms": {
            "starts": "2030-01-01", "proration": "days", "hold_days": 3, "pickup_days": 7, "stay_days": 30,
            "note": "文件 8 号",
        },
        "/api/aids/stores": {"facility_id": 1},
        "/api/aids/units": {
            "store_id": ids["store_id"], "aid_id": ids["aid_id"], "serials": ["WC-NEW-1"],
            "bought_on": str(date(2026, 1, 1)),
        },
        "/api/aids/units/{unit_id}/move": why | {"event": "write_off"},
        "/api/aids/counts/{count_id}/see": {"serial": f"WC-{ids['elder_id']}"},
        "/api/rental/rentals": {
            "elder_id": ids["elder_id"], "aid_id": ids["aid_id"], "store_id": ids["store_id"], "months": 2,
        },
        "/api/rental/rentals/{rental_id}/cancel": why,
        "/api/rental/rentals/{rental_id}/hand-over": {
            "serial": "WC-1", "signer": "family", "signed_name": "周慧", "deposit_cents": 50_000, "way": "cash",
        },
        "/api/rental/rentals/{rental_id}/renew": {"months": 1},
        "/api/rental/rentals/{rental_id}/end": {"reason": "wish"},
        "/api/rental/rentals/{rental_id}/bring-back": {"serial": f"WC-{ids['elder_id']}"},
        "/api/rental/rentals/{rental_id}/inspect": {"condition": "good", "way": "cash"},
        "/api/rental/rentals/{rental_id}/lose": why | {"damage_cents": 90_000},
        "/api/rental/elders/{elder_id}/advice": why | {
            "aid_id": ids["aid_id"], "until": "2030-01-01", "why": "行走不稳",
        },
    }  # fmt: skip
