"""Put the generated district on record through the features' own actions: what can be booked, who lives where."""

from collections.abc import Sequence
from datetime import date, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import actions as catalogue_actions
from app.catalogue.rules import FeePayer, FeeUnit
from app.catalogue.tables import CancellationRule
from app.people import actions as people
from app.people.rules import Category
from app.people.tables import Elder, Home
from app.simulate import purses
from app.simulate.catalogue import ITEMS
from app.simulate.population import SomeElder
from app.vault import digest


def catalogue(session: Session, district_id: int, today: date) -> None:
    """Items with prices, and the programmes that pay, all since the first of the year before."""
    since = date(today.year - 1, 1, 1)
    for some in ITEMS:
        item = catalogue_actions.add_item(session, district_id=district_id, **some.columns())
        catalogue_actions.set_price(session, item, unit=some.unit, cents=some.cents, starts=since)
    session.add(
        CancellationRule(
            district_id=district_id, starts=since, free_hours=12, fee_unit=FeeUnit.PERCENT, fee=30,
            payer=FeePayer.ELDER,
            made_by="系统管理员 (admin)", made_at=calendar.at(since, time(9)),
        )
    )  # fmt: skip
    purses.make(session, district_id, since)


def elders(session: Session, district_id: int, some: Sequence[SomeElder], first: int, count: int) -> None:
    """Store one slice of the elders with homes, contacts and care teams."""
    for elder in some[first : first + count]:
        home = _home(session, district_id, elder, some)
        stored = people.add_elder(
            session, home=home, name=elder.name, level=elder.level, register=elder.register, id_number=elder.id_number,
            phone=elder.phone, categories=[Category(tag) for tag in elder.categories], health=elder.health,
            wishes=elder.wishes,
        )  # fmt: skip
        for rank, contact in enumerate(elder.contacts, 1):
            people.add_contact(
                session, stored, rank=rank, name=contact.name, relation=contact.relation, phone=contact.phone,
                has_key=contact.has_key, minutes_away=contact.minutes_away,
            )  # fmt: skip
        for role, (name, phone) in elder.team.items():
            people.add_team_member(session, stored, role=role, name=name, phone=phone)


def _home(session: Session, district_id: int, elder: SomeElder, some: Sequence[SomeElder]) -> Home:
    if elder.shares_home_with is not None:
        partner = digest("id", some[elder.shares_home_with].id_number)
        found = session.scalar(select(Home).join(Elder, Elder.home_id == Home.id).where(Elder.id_hash == partner))
        if found is not None:
            return found
    door = elder.door
    return people.add_home(
        session, district_id=district_id, division_code=door.division_code, estate=door.estate, address=door.address,
        place=door.place, access_note=elder.access_note, floor=door.floor, lift=door.lift,
    )  # fmt: skip
