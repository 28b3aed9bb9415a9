"""What the worker and the clock do of themselves, done now for one provider or one elder, at another time.

    python -m tests.journeys.clockwork newcomer 阎兰英
    python -m tests.journeys.clockwork grant 17 2026-07-01
    python -m tests.journeys.clockwork turn 17 2026-07-01
    python -m tests.journeys.clockwork draw 3 2026-07-01
    python -m tests.journeys.clockwork telephone 17
    python -m tests.journeys.clockwork tag 12

With the settings of the house that runs. `newcomer` takes somebody in whom nobody has met before, `grant` gives her a
month; `turn` is the first minute after the month, for her alone: what she has left expires, the next month is granted.
`draw` draws up a provider's month as the worker will when it is over. `telephone` is an elder's whole number, `tag`
what the sheet in a home says, as a code and in digits: no page shows them.
"""

import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from app import calendar
from app.db import transaction
from app.funding import granting
from app.funding.tables import Entitlement
from app.people import actions as people
from app.people.rules import AbilityLevel, Register, Relation, Sex
from app.people.tables import Elder
from app.places.rules import Place
from app.places.tables import Division
from app.settlement import drawing
from app.tables import metadata
from app.visits import proof_queries

assert metadata.tables  # a foreign key finds its table only where every table is known


def newcomer(name: str) -> None:
    """Somebody able, on the district's register, who lives among the others and has a daughter; prints her number."""
    with transaction() as session:
        street = select(Division).where(Division.code.like("370503002%"), Division.level == "community")
        community = session.scalars(street.order_by(Division.code).limit(1)).one()
        home = people.add_home(
            session, district_id=370503, division_code=community.code, estate="河运小区", address="3号楼1单元301",
            place=Place(community.lat, community.lon),
        )  # fmt: skip
        elder = people.add_elder(
            session, home=home, name=name, level=AbilityLevel.INTACT, register=Register.PURCHASED_SERVICE,
            id_unverified="户口本未带", born=date(1941, 5, 1), sex=Sex.FEMALE,
        )  # fmt: skip
        people.add_contact(session, elder, rank=1, name="周慧", relation=Relation.DAUGHTER, phone="13966600091")
        print(elder.id)


def draw(provider_id: str, month: str) -> None:
    """Prints the number of the statement."""
    first = date.fromisoformat(month)
    with transaction() as session:
        print(drawing.draw(session, int(provider_id), first, by="clock", now=calendar.month_bounds(first)[1]).id)


def grant(elder_id: str, month: str) -> None:
    """Prints how many cents."""
    first, number = date.fromisoformat(month), int(elder_id)
    now = calendar.month_bounds(first)[0]
    with transaction() as session:
        district_id = session.get_one(Elder, number).district_id
        print(granting.follow(session, district_id, first, after=number - 1, until=number, now=now)[0].cents)


def turn(elder_id: str, month: str) -> None:
    """Prints how many cents expired, and how many were granted."""
    first = date.fromisoformat(month)
    now = calendar.month_bounds(first)[1] + timedelta(minutes=1)
    with transaction() as session:
        district_id = session.get_one(Elder, int(elder_id)).district_id
        mine = select(Entitlement.id).where(Entitlement.elder_id == int(elder_id), Entitlement.free_cents > 0)
        expired = sum(
            granting.expire(session, now=now, after=number - 1, slice_=1, district_id=district_id)[0].cents
            for number in session.scalars(mine.where(Entitlement.month <= first)).all()
        )
        print(expired)
    grant(elder_id, calendar.next_month(first).isoformat())


def telephone(elder_id: str) -> None:
    """Prints it, as an exchange hears it."""
    with transaction() as session:
        print(session.get_one(Elder, int(elder_id)).phone)


def tag(home_id: str) -> None:
    """Prints the token of the code and the digits below it."""
    with transaction() as session:
        hangs = proof_queries.tags_of(session, int(home_id))[0]
        said = hangs.district_id, hangs.home_id, hangs.issue
        print(proof_queries.tag_token(*said), proof_queries.typed_code(*said))


DO: Final[dict[str, Callable[..., None]]] = {
    "newcomer": newcomer, "grant": grant, "turn": turn, "draw": draw, "telephone": telephone, "tag": tag,
}  # fmt: skip

if __name__ == "__main__":
    DO[sys.argv[1]](*sys.argv[2:])
