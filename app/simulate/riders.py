"""The demo canteens' riders, and the rounds of the next lunch that can be planned: one canteen's are published."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.rules import Role
from app.db import transaction
from app.errors import Conflict
from app.meal_rounds import actions, drafting, queries
from app.meals import queries as meals
from app.meals.tables import Canteen
from app.people.rules import Sex
from app.people.tables import Caregiver
from app.places.rules import Mode, Place
from app.places.tables import Facility
from app.planning.rules import PlanState

KITCHEN, DISPATCHER = "食堂管理员", "韩雪 (hanxue)"
RIDE: Final = (  # login and name, two to each canteen
    ("sc01", "丁海涛"), ("sc02", "魏建军"), ("sc03", "谭志强"),
    ("sc04", "邹春生"), ("sc05", "熊德明"), ("sc06", "邱永贵"),
)  # fmt: skip
ROOMS: Final = (35, 30)


def ride(district_id: int, password: str, *, now: datetime) -> list[tuple[str, str, Role]]:
    """Answers the logins of those who ride."""
    with transaction() as session:
        canteens = session.scalars(select(Canteen).where(Canteen.district_id == district_id).order_by(Canteen.id)).all()
        made = _riders(session, canteens, password, now=now)
        session.info.pop("notices", None)
    for canteen in canteens:
        if _planned(canteen, now=now):
            break
    return made


def _riders(
    session: Session, canteens: Sequence[Canteen], password: str, *, now: datetime
) -> list[tuple[str, str, Role]]:  # fmt: skip
    password_hash, made = access.hasher.hash(password), []
    for number, (login, name) in enumerate(RIDE[: 2 * len(canteens)]):
        canteen = canteens[number // 2]
        place = session.get_one(Facility, canteen.facility_id)
        caregiver = Caregiver(
            district_id=canteen.district_id, provider_id=canteen.provider_id, division_code=place.division_code,
            name=name, sex=Sex.MALE, phone=f"1385464{number:04d}", mode=Mode.EBIKE,
            base=Place(place.lat, place.lon).as_json(),
        )  # fmt: skip
        session.add(caregiver)
        session.flush()
        access.add_user(
            session, district_id=canteen.district_id, login=login, password=password, name=name, role=Role.CAREGIVER,
            area=str(canteen.district_id), provider_id=canteen.provider_id, caregiver_id=caregiver.id,
            password_hash=password_hash,
        )  # fmt: skip
        actions.add_riding(
            session, canteen, caregiver.id, weekdays=range(7), starts=time(9, 50), ends=time(12, 30),
            room=ROOMS[number % 2], first=calendar.day_of(now - timedelta(days=30)), by=KITCHEN, now=now,
        )  # fmt: skip
        made.append((login, name, Role.CAREGIVER))
    return made


def _planned(canteen: Canteen, *, now: datetime) -> bool:
    """Rounds of its next lunch, if there is one whose orders are closed and that is still to be brought."""
    today = calendar.day_of(now)
    with transaction() as session:
        menus = meals.menus(session, canteen.id, today, today + timedelta(days=1))
        for menu in menus:
            try:
                if now >= menu.delivery_from:
                    continue
                job = actions.ask_draft(session, menu, seconds=1, seed=1, by=DISPATCHER, now=now)
                break
            except Conflict:
                continue
        else:
            return False
    drafting.carry_out(job.id)
    with transaction() as session:
        rounds = queries.get(session, job.subject_id)
        if rounds.state is not PlanState.DRAFT:
            return False  # its log says why; the demonstration begins all the same
        actions.publish(session, rounds.id, seen=rounds.version, by=DISPATCHER, now=now)
        session.info.pop("notices", None)
    return True
