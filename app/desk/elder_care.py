"""What the desk reads of one elder across features: the glance, the visits, the month."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.queries import Caller
from app.access.rules import DESK, Role
from app.alarms import queries as alarms
from app.alarms.shapes import ContactOut, HealthOut, HomeOut, PlaceOut, PresenceOut, VisitBrief
from app.calls import callers
from app.catalogue.tables import ServiceItem
from app.desk.elder_shapes import (
    Elder,
    ElderVisit,
    Entitlement,
    LedgerLine,
    Month,
    TeamMember,
    Unmaskable,
    UnmaskIn,
    name_for,
)
from app.equipment import queries as equipment
from app.equipment.api import DeviceOut
from app.errors import NotFound
from app.funding import queries as funding
from app.funding.rules import Account
from app.orders import queries as orders
from app.orders.rules import visit_possible
from app.orders.tables import Visit
from app.people import queries as people
from app.people.rules import Category, TeamRole, care_team_due
from app.people.tables import Caregiver, CareTeamMember, Contact
from app.people.tables import Elder as Person
from app.places.rules import Place
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.vault import mask_phone

COARSE = 3  # decimals of a degree shown of a place: the estate, not the door
NOT_COMING = (AttendanceState.DECLINED, AttendanceState.WITHDRAWN)


def glance(session: Session, elder_id: int, me: Caller, *, now: datetime) -> Elder:
    """Who this is. Reading health is put on record."""
    elder = people.get(session, elder_id)
    home, division = people.home_of(session, elder)
    team, care = people.team_of(session, elder.id), alarms.care(session, elder.id, now=now)
    month, contacts = calendar.month_of(now), people.contacts_of(session, elder.id)
    bad = callers.bad_numbers(session, [contact.phone_hash for contact in contacts])
    clear = me.role in DESK
    if clear and elder.health:
        access.note_look(session, me, elder_id=elder.id, field="health", reason="glance", now=now)
    place = Place.of(home.place)
    return Elder(
        id=elder.id, name=name_for(me.role, elder.name), sex=elder.sex,
        age=calendar.age_on(elder.born, calendar.day_of(now)), level=elder.level, register=elder.register,
        tags=[Category(tag) for tag in elder.categories], phone=mask_phone(elder.phone) if elder.phone else None,
        id_last4=elder.id_number[-4:] if elder.id_number and clear else None, id_unverified=elder.id_unverified,
        away=elder.away, health=HealthOut.of(elder.health) if clear else HealthOut(),
        home=HomeOut(
            id=home.id, address=home.estate, division=division.name, entry=None, floor=home.floor, lift=home.lift,
            place=PlaceOut(lat=round(place.lat, COARSE), lon=round(place.lon, COARSE), accuracy_m=100),
        ),
        contacts=[_contact(contact, team, bad, me.role) for contact in contacts],
        care_team=[
            _member(role, team.get(role), me.role)
            for role in TeamRole
            if role in team or care_team_due(elder.categories)
        ],
        entitlement=Entitlement.of(month, list(funding.balances(session, elder.id, month))),
        devices=_devices(session, elder, me.role, now=now),
        in_home_now=[
            PresenceOut(caregiver=v.caregiver, item=v.item, since=v.arrived_at or v.starts_at) for v in care.now
        ],
        next_visit=VisitBrief.of(care.next), last_visit=VisitBrief.of(care.last), may_unmask=clear,
    )  # fmt: skip


def visits(session: Session, elder_id: int, me: Caller, *, before: datetime | None, limit: int) -> list[ElderVisit]:
    """The visits of an elder, latest first, with whoever came or is to come."""
    people.get(session, elder_id)
    rows = orders.of_elder(session, elder_id, before=before, limit=limit)
    names, crew = _item_names(session), caregivers_of(session, [visit.id for visit in rows])
    return [
        ElderVisit(
            **_brief(visit, names, crew).model_dump(), order_id=visit.order_id, item_code=visit.item_code,
            aid=visit.aid, opens=visit.opens, closes=visit.closes, planned=visit.starts_at is not None,
            price_cents=visit.price_cents, allowance_cents=visit.allowance_cents, self_pay_cents=visit.self_pay_cents,
            possible=visit_possible(visit.state, me.role),
        )
        for visit in rows
    ]  # fmt: skip


def month_of(session: Session, elder_id: int, month: date) -> Month:
    """Every ledger entry of a month, each with the visit and the caregivers behind it."""
    elder = people.get(session, elder_id)
    lines = funding.statement(session, elder.district_id, elder.id, month)
    ids = {line.visit_id for line in lines if line.visit_id}
    rows = session.scalars(select(Visit).where(Visit.id.in_(ids)))
    names, crew = _item_names(session), caregivers_of(session, ids)
    behind = {visit.id: _brief(visit, names, crew) for visit in rows}
    owed = sum(line.cents * ((line.target is Account.OWED) - (line.source is Account.OWED)) for line in lines)
    return Month(
        month=month, entitlement=Entitlement.of(month, list(funding.balances(session, elder.id, month))),
        self_pay_cents=owed,
        lines=[
            LedgerLine(
                id=line.id, at=line.at, by=line.by, kind=line.kind, source=line.source, target=line.target,
                amount_cents=line.cents, balance_cents=line.free_after_cents, reserved_cents=line.reserved_after_cents,
                program=line.program, order_id=line.order_id, visit_id=line.visit_id, text=line.reason,
                visit=behind.get(line.visit_id) if line.visit_id else None,
            )
            for line in lines
        ],
    )  # fmt: skip


def unmask(session: Session, elder_id: int, wish: UnmaskIn, me: Caller, *, now: datetime) -> str:
    """A masked field in the clear; who asked for it and why is on record in the same transaction."""
    elder = people.get(session, elder_id)
    value = _clear(session, elder, wish)
    if value is None:
        raise NotFound("There is nothing on record there.", field=wish.field)
    access.note_access(
        session, me, elder_id=elder.id, field=wish.field, reason=wish.reason, now=now, target_id=wish.target_id
    )
    return value


def caregivers_of(session: Session, visit_ids: Sequence[int] | set[int]) -> dict[int, list[str]]:
    """Names of whoever came to visits or is to come, the leading one first."""
    rows = session.execute(
        select(Attendance.visit_id, Caregiver.name)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(Attendance.visit_id.in_(visit_ids), Attendance.state.not_in(NOT_COMING))
        .order_by(Attendance.rank, Attendance.id)
    )
    crew: dict[int, list[str]] = {}
    for visit_id, name in rows:
        crew.setdefault(visit_id, []).append(name)
    return crew


def _clear(session: Session, elder: Person, wish: UnmaskIn) -> str | None:
    home, _ = people.home_of(session, elder)
    match wish.field:
        case Unmaskable.PHONE:
            return elder.phone
        case Unmaskable.ID_NUMBER:
            return elder.id_number
        case Unmaskable.ADDRESS:
            return f"{home.estate} {home.address}"
        case Unmaskable.ACCESS_NOTE:
            return home.access_note
        case Unmaskable.PLACE:
            return f"{home.place['lat']},{home.place['lon']}"
        case Unmaskable.CONTACT_PHONE:
            contact = session.get(Contact, wish.target_id or 0)
            return contact.phone if contact and contact.elder_id == elder.id else None
        case Unmaskable.TEAM_PHONE:
            member = session.get(CareTeamMember, wish.target_id or 0)
            return member.phone if member and member.elder_id == elder.id else None


def _contact(
    contact: Contact, team: Mapping[TeamRole, CareTeamMember], bad: Mapping[str, callers.BadNumber], role: Role
) -> ContactOut:
    shown = ContactOut.of(contact, team, bad)
    return shown.model_copy(update={"name": name_for(role, shown.name)})


def _member(role: TeamRole, member: CareTeamMember | None, reader: Role) -> TeamMember:
    if member is None:
        return TeamMember(id=None, role=role, name=None, phone=None)
    return TeamMember(id=member.id, role=role, name=name_for(reader, member.name), phone=mask_phone(member.phone))


def _devices(session: Session, elder: Person, role: Role, *, now: datetime) -> list[DeviceOut]:
    """What is worn and what hangs in the home."""
    worn = equipment.register(session, elder_id=elder.id)
    at_home = equipment.register(session, home_id=elder.home_id)
    rows = {row.id: row for row in (*worn, *at_home) if row.elder_id in (None, elder.id)}
    shown = [DeviceOut.of(row, now) for row in rows.values()]
    return [
        device.model_copy(update={"elder_name": name_for(role, device.elder_name)}) if device.elder_name else device
        for device in shown
    ]


def _item_names(session: Session) -> dict[int, str]:
    return {row.id: row.name_zh for row in session.execute(select(ServiceItem.id, ServiceItem.name_zh))}


def _brief(visit: Visit, names: dict[int, str], crew: dict[int, list[str]]) -> VisitBrief:
    starts = visit.starts_at or visit.opens
    return VisitBrief(
        id=visit.id, item=names[visit.item_id], starts_at=starts, ends_at=starts + timedelta(minutes=visit.minutes),
        state=visit.state, caregivers=crew.get(visit.id, []), note=visit.reason,
    )  # fmt: skip
