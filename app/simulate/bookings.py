"""What elders book and who could have come: demand of a stretch of days, a plain greedy roster for the past."""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import by_level
from app.catalogue.tables import ServiceItem
from app.people.rules import AbilityLevel, Register, Sex
from app.people.tables import Caregiver, Certificate, Contract, Elder, Home, Shift
from app.places.rules import Mode, Place, travel_seconds
from app.simulate.catalogue import ITEMS, SomeItem

WORKLOAD: Final = (1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.75)  # of a weekday, Monday first
DAYS_A_MONTH: Final = 30.4
DOOR_MINUTES: Final = 4
HALF_DAYS: Final = ((time(8), time(11, 30)), (time(13, 30), time(17, 30)))
WAY: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Somebody:
    """An elder on purchased service, as far as bookings go."""

    elder: Elder
    place: Place


@dataclass(frozen=True)
class Booking:
    """One visit somebody wants."""

    person: Somebody
    item: ServiceItem
    opens: datetime
    closes: datetime

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return by_level(self.item.minutes, self.person.elder.level)

    @property
    def caregivers(self) -> int:
        """How many have to come."""
        return by_level(self.item.caregivers, self.person.elder.level)


@dataclass
class Hand:
    """A caregiver's day as it fills."""

    caregiver: Caregiver
    place: Place
    skills: Mapping[str, date | None]
    shifts: Mapping[int, Sequence[tuple[time, time]]]
    areas: tuple[str, ...]
    busy: list[tuple[datetime, datetime, Place]] = field(default_factory=list)


def people(session: Session, district_id: int) -> list[Somebody]:
    """Everybody on purchased service with the place of their home."""
    rows = session.execute(
        select(Elder, Home)
        .join(Home, Home.id == Elder.home_id)
        .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE)
        .order_by(Elder.id)
    )
    return [Somebody(elder, Place.of(home.place)) for elder, home in rows]


def items(session: Session, district_id: int) -> dict[str, ServiceItem]:
    """The catalogue by code."""
    return {
        item.code: item for item in session.scalars(select(ServiceItem).where(ServiceItem.district_id == district_id))
    }


def hands(session: Session, district_id: int) -> list[Hand]:
    """All caregivers with what they may do, when and where."""
    areas = {contract.provider_id: tuple(contract.areas) for contract in session.scalars(select(Contract))}
    skills: dict[int, dict[str, date | None]] = {}
    for certificate in session.scalars(select(Certificate)):
        skills.setdefault(certificate.caregiver_id, {})[certificate.skill] = certificate.expires
    shifts: dict[int, dict[int, list[tuple[time, time]]]] = {}
    for shift in session.scalars(select(Shift).order_by(Shift.starts)):
        shifts.setdefault(shift.caregiver_id, {}).setdefault(shift.weekday, []).append((shift.starts, shift.ends))
    found = session.scalars(select(Caregiver).where(Caregiver.district_id == district_id).order_by(Caregiver.id))
    return [
        Hand(c, Place.of(c.base), skills.get(c.id, {}), shifts.get(c.id, {}), areas.get(c.provider_id, ()))
        for c in found
    ]


def wanted(
    rng: random.Random, who: Sequence[Somebody], catalogue: Mapping[str, ServiceItem], days: Sequence[date],
    planned: Collection[tuple[int, str]] = (),
) -> dict[date, list[Booking]]:  # fmt: skip
    """Bookings of a stretch of days; the mean of each item a month is its `a_month` at the elder's level.

    What stands in an elder's care plan (`planned`) nobody rings up for.
    """
    weight = sum(WORKLOAD[day.weekday()] for day in days)
    months = len(days) / DAYS_A_MONTH
    found: dict[date, list[Booking]] = {day: [] for day in days}
    for person in who:
        for some in ITEMS:
            if (person.elder.id, some.code) in planned:
                continue
            mean = some.a_month.get(AbilityLevel(person.elder.level), some.a_month.get(None, 0.0)) * months
            for _ in range(_poisson(rng, mean)):
                day = rng.choices(days, [WORKLOAD[day.weekday()] / weight for day in days])[0]
                if not any(b.person is person and b.item.code == some.code for b in found[day]):
                    found[day].append(a_booking(rng, person, catalogue[some.code], some, day))
    return found


def a_booking(rng: random.Random, person: Somebody, item: ServiceItem, some: SomeItem, day: date) -> Booking:
    """A window inside the item's hours in which whoever starts is done before the half day ends."""
    minutes = timedelta(minutes=by_level(item.minutes, person.elder.level))
    halves = []
    for window in some.windows:
        first, last = (calendar.at(day, time.fromisoformat(text)) for text in window)
        for begins, ends in HALF_DAYS:
            opens, closes = max(first, calendar.at(day, begins)), min(last, calendar.at(day, ends) - minutes - WAY)
            if opens <= closes:
                halves.append((opens, closes))
    opens, closes = rng.choice(halves)
    span = (closes - opens) // timedelta(minutes=1)
    wide = min(span, rng.choice((60, 90, 90, 120)))
    opens += timedelta(minutes=rng.randrange(0, span - wide + 1, 15))
    return Booking(person, item, opens, opens + timedelta(minutes=wide))


def _poisson(rng: random.Random, mean: float) -> int:
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1.0)
    return count


class Roster:
    """Gives each booking of a day its caregivers, the earliest that fit; remembers who knows whom."""

    def __init__(self, hands: Sequence[Hand]) -> None:
        self._hands = hands
        self._known: dict[tuple[int, int], int] = {}

    def day(self, day: date, bookings: Iterable[Booking]) -> list[tuple[Booking, datetime, list[Caregiver]]]:
        """The bookings that could be served, with start and caregivers; the others never happened."""
        for hand in self._hands:
            hand.busy.clear()
        served = []
        for booking in sorted(bookings, key=lambda b: (-b.caregivers, b.closes)):
            start, team = self._team(day, booking)
            if start is None:
                continue
            for hand in team:
                hand.busy.append((start, start + timedelta(minutes=booking.minutes), booking.person.place))
                key = (hand.caregiver.id, booking.person.elder.id)
                self._known[key] = self._known.get(key, 0) + 1
            served.append((booking, start, [hand.caregiver for hand in team]))
        return served

    def _team(self, day: date, booking: Booking) -> tuple[datetime | None, list[Hand]]:
        able = [hand for hand in self._hands if _may(hand, booking, day)]
        able.sort(key=lambda hand: (-self._known.get((hand.caregiver.id, booking.person.elder.id), 0), len(hand.busy)))
        start = booking.opens
        while start <= booking.closes:
            free = [hand for hand in able if _free(hand, start, booking, day)]
            if len(free) >= booking.caregivers:
                return start, free[: booking.caregivers]
            start += timedelta(minutes=10)
        return None, []


def _may(hand: Hand, booking: Booking, day: date) -> bool:
    elder = booking.person.elder
    if elder.wishes.get("same_sex_bathing") and booking.item.code == "BATH" and hand.caregiver.sex != Sex(elder.sex):
        return False
    return elder.division_code.startswith(hand.areas) and all(
        need in hand.skills and ((expires := hand.skills[need]) is None or expires >= day)
        for need in booking.item.needs
    )


def _free(hand: Hand, start: datetime, booking: Booking, day: date) -> bool:
    end = start + timedelta(minutes=booking.minutes)
    if not any(
        calendar.at(day, opens) <= start and end <= calendar.at(day, closes)
        for opens, closes in hand.shifts.get(day.weekday(), ())
    ):
        return False
    return all(
        end + _way(hand, place, booking) <= first or last + _way(hand, place, booking) <= start
        for first, last, place in hand.busy
    )


def _way(hand: Hand, place: Place, booking: Booking) -> timedelta:
    seconds = travel_seconds(place, booking.person.place, Mode(hand.caregiver.mode), door_minutes=DOOR_MINUTES)
    return timedelta(seconds=seconds)
