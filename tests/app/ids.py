"""One of everything an address can name."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.access.rules import Role
from app.alarms import hearing
from app.alarms.handling_tables import HandoverSheet, OnTestWindow
from app.alarms.rules import AlarmKind
from app.alarms.sending_rules import OfferState
from app.alarms.sending_tables import AlarmOffer
from app.calendar import day_of, month_of, next_month
from app.calls import actions as calls
from app.calls.rules import Target
from app.care_plans import actions as care_plans
from app.care_plans.reminder_rules import ReminderState
from app.care_plans.rules import PauseReason
from app.care_plans.tables import SpendReminder
from app.catalogue.rules import FeePayer
from app.commands import actions as commands
from app.desk.wall_tables import WallLink
from app.equipment import installing, moving, testing
from app.equipment.installing_rules import TestKind
from app.equipment.rules import Command, Fault
from app.equipment.tables import DeviceFault, Outage
from app.equipment.upkeep_rules import Shared
from app.escalation import actions as escalation
from app.family.tables import FamilyLink
from app.funding import programs
from app.funding.terms import Terms
from app.imports import actions as imports
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.messages.rules import Channel, Kind, MessageState
from app.messages.tables import OutboxMessage
from app.monitoring import actions as rules
from app.monitoring.rules import RuleKind
from app.orders.rules import FeeCause, FeeState, VisitState
from app.orders.tables import CancellationFee
from app.people.life_rules import LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.tables import Provider
from app.planning import replan
from app.planning import replan_actions as replans
from app.visits.incident_rules import IncidentKind, IncidentState
from app.visits.proof_tables import Incident
from app.visits.rules import EventKind, Flaw, Outcome
from app.visits.tables import EventOutcome, VisitEvent, VisitFlaw
from app.what_if.tables import WhatIf
from app.workers.tables import Swap
from tests.app.bodies import HEART
from tests.app.meal_rounds.things import round_things
from tests.app.meals.things import meal_things
from tests.app.payouts import a_payout
from tests.app.rental.shop import rental_things
from tests.app.rostering.things import roster_things
from tests.app.settlement.things import settled_things
from tests.app.supervision.things import a_clue
from tests.app.welfare.things import welfare_things
from tests.cast import (
    COMMUNITY,
    TEN,
    a_caregiver,
    a_contact,
    a_device,
    a_photo,
    a_program,
    a_user,
    a_visit,
    an_assessment,
    an_attendance,
    an_elder,
    an_entitlement,
)


@dataclass(frozen=True)
class Things:
    """Numbers by the name a route gives them, and what nobody else may read."""

    ids: dict[str, int]
    secrets: list[str] = field(default_factory=list)


def one_of_everything(session: Session, *, division_code: str = COMMUNITY, name: str = "欧阳秘书") -> Things:
    """An elder with contact, device, allowance, assessment, published visit, alarm and call; a job of the district."""
    elder = an_elder(session, division_code=division_code, name=name)
    contact, device = a_contact(session, elder, name=f"{name}的女儿"), a_device(session, elder=elder, model="watch-3g")
    command = commands.give(session, device.id, Command.FIND, role=Role.OPERATOR, by="test", now=TEN)
    an_entitlement(session, elder)
    operator = a_user(session)
    caregiver = a_caregiver(session, division_code=division_code)
    visit = a_visit(session, elder=elder, state=VisitState.PUBLISHED, provider_id=caregiver.provider_id)
    attendance = an_attendance(session, visit, caregiver)
    who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
    alarm = hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(TEN), by="test", now=TEN)
    offer = AlarmOffer(
        district_id=elder.district_id, division_code=division_code, alarm_id=alarm.id, caregiver_id=caregiver.id,
        state=OfferState.DECLINED, offered_at=TEN, offered_by="test", answer_by=TEN, words="桥下",
    )  # fmt: skip
    session.add(offer)
    call = calls.dial(
        session, district_id=elder.district_id, division_code=division_code, target=Target.CONTACT,
        phone=contact.phone, user_id=operator.id, elder_id=elder.id, contact_id=contact.id, now=TEN,
    )  # fmt: skip
    message = OutboxMessage(
        district_id=elder.district_id, division_code=division_code, key=f"message-{elder.id}", kind=Kind.NOTICE,
        urgent=False, state=MessageState.FAILED, channel=Channel.SMS, to=contact.phone, to_whom=contact.name,
        elder_id=elder.id, text="请回电", created_at=TEN,
    )  # fmt: skip
    session.add(message)
    session.flush()
    fault = DeviceFault(
        district_id=elder.district_id, division_code=division_code, device_id=device.id, kind=Fault.SILENT, since=TEN,
        due_at=TEN,
    )  # fmt: skip
    outage = Outage(
        district_id=elder.district_id, division_code=division_code, shared=Shared.COMMUNITY, key=division_code,
        since=TEN, due_at=TEN, members=12,
    )  # fmt: skip
    session.add_all([fault, outage])
    job = Job(
        district_id=elder.district_id, kind="draft", subject_id=1, state=JobState.QUEUED, by="test", created_at=TEN,
        beat_at=TEN,
    )  # fmt: skip
    session.add(job)
    assessment = an_assessment(session, elder)
    wish = installing.Wish("yl-pendant", spot="颈挂")
    installation = installing.order(
        session, elder.id, [wish], opens=TEN, closes=TEN + timedelta(hours=2), note=None, by="test", now=TEN,
        installer_id=caregiver.id,
    )  # fmt: skip
    (item,) = installing.items_of(session, installation.id)
    test = testing.begin(session, device, TestKind.MONTHLY, until=TEN + timedelta(days=3), by="test", now=TEN)
    loan = moving.lend(session, device, elder.id, TEN.date() + timedelta(days=30), by="test", now=TEN)
    session.flush()
    rule = rules.rule_for(
        session, RuleKind.HEART_RATE, district_id=elder.district_id, elder_id=elder.id, model_id=None, by="test",
        now=TEN,
    )  # fmt: skip
    version = rules.draft(session, rule, HEART, by="test", now=TEN)
    escalation.review(session, elder.id, based_on=None, by="test", now=TEN)
    link = WallLink(
        district_id=elder.district_id, area=division_code, room="接警大厅", token_hash=f"hash of {elder.id}",
        made_by=operator.id, made_at=TEN, expires_at=TEN + timedelta(days=3000),
    )  # fmt: skip
    session.add(link)
    file, _ = imports.take_in(session, "devices", "a.csv", b"", district_id=elder.district_id, by="test", now=TEN)
    people, _ = imports.take_in(session, "elders", "b.csv", b"", district_id=elder.district_id, by="test", now=TEN)
    change = replans.keep(
        session, replans.ask(session, elder.district_id, day_of(TEN), [], now=TEN),
        (replan.Thought((), {}, {}, 1), 1, 0), by="test", now=datetime.now(UTC),
    )  # fmt: skip
    window = OnTestWindow(
        district_id=elder.district_id, division_code=division_code, home_id=elder.home_id, starts_at=TEN,
        ends_at=TEN + timedelta(hours=1), reason="装机", made_by="test",
    )  # fmt: skip
    sheet = HandoverSheet(
        district_id=elder.district_id, area=division_code, from_id=operator.id, to_id=operator.id, written_at=TEN,
        words="注意", rows={"cases": [{"elder": name}]}, before="", hash="x",
    )  # fmt: skip
    fee = CancellationFee(
        district_id=elder.district_id, division_code=division_code, elder_id=elder.id, order_id=visit.order_id,
        visit_id=visit.id, state=FeeState.DUE, cause=FeeCause.CANCEL, month=TEN.date().replace(day=1), cents=5_000,
        payer=FeePayer.NOBODY, rule={}, at=TEN, by="test",
    )  # fmt: skip
    reminder = SpendReminder(
        district_id=elder.district_id, division_code=division_code, elder_id=elder.id, month=TEN.date().replace(day=1),
        on_day=20, state=ReminderState.OPEN, free_cents=8_000, proposals=[], made_at=TEN,
    )  # fmt: skip
    session.add_all([window, sheet, fee, reminder])
    pause = care_plans.pause(session, elder.id, TEN.date(), None, PauseReason.HOSPITAL, by="test", now=TEN)
    session.flush()
    program = a_program(session)
    draft = programs.draft(
        session, program, Terms(amounts={"mild": 100}), starts=next_month(month_of(datetime.now(UTC))), note="文件",
        by="test", now=datetime.now(UTC),
    )  # fmt: skip
    listed = programs.enrol(session, elder, program, starts=TEN.date(), decision="1", by="test", now=TEN)
    event = LifeEvent(
        district_id=elder.district_id, division_code=division_code, elder_id=elder.id, kind=LifeKind.HOSPITAL,
        starts=TEN.date(), source=LifeSource.FAMILY, told_by="test", told_at=TEN,
    )  # fmt: skip
    question = WhatIf(
        district_id=elder.district_id, area=division_code, program_id=program.id, month=TEN.date().replace(day=1),
        terms=Terms(amounts={"mild": 100}).model_dump(mode="json"), asked_by="test", asked_at=TEN,
    )  # fmt: skip
    key = FamilyLink(
        district_id=elder.district_id, division_code=division_code, elder_id=elder.id, contact_id=contact.id,
        token_hash=f"family of {elder.id}", made_by=operator.id, made_at=TEN, expires_at=TEN + timedelta(days=3000),
    )  # fmt: skip
    swap = Swap(
        district_id=elder.district_id, division_code=division_code, visit_id=visit.id, attendance_id=attendance.id,
        provider_id=caregiver.provider_id, from_id=caregiver.id, to_id=caregiver.id, starts_at=attendance.starts_at,
        words=name, asked_at=TEN, answer_by=TEN, against=[],
    )  # fmt: skip
    session.add_all([event, question, key, swap])
    session.flush()
    incident = Incident(
        district_id=elder.district_id, division_code=division_code, provider_id=caregiver.provider_id,
        visit_id=visit.id, attendance_id=attendance.id, event_id=uuid.uuid4(), kind=IncidentKind.FALL,
        state=IncidentState.OPEN, words="摔倒", happened_at=TEN, raised_at=TEN,
    )  # fmt: skip
    session.add(incident)
    clash = VisitFlaw(
        district_id=elder.district_id, division_code=division_code, visit_id=visit.id, attendance_id=attendance.id,
        flaw=Flaw.PLAN_CLASH, facts={"event": "start"}, raised_at=TEN,
    )  # fmt: skip
    record = VisitEvent(
        district_id=elder.district_id, division_code=division_code, provider_id=caregiver.provider_id,
        event_id=uuid.uuid4(), kind=EventKind.START, caregiver_id=caregiver.id, attendance_id=0, visit_id=0, seq=1,
        device_at=TEN, received_at=TEN, happened_at=TEN,
    )  # fmt: skip
    kept = EventOutcome(
        district_id=elder.district_id, event_id=record.event_id, attendance_id=0, outcome=Outcome.ATTENTION,
        problem="not_yours", at=TEN,
    )  # fmt: skip
    session.add_all([clash, record, kept])
    session.flush()
    payout = a_payout(session, elder)
    settled = settled_things(session, attendance)
    photo = a_photo(session, visit, caregiver)
    clue = a_clue(session, visit)
    meals = meal_things(session, elder, session.get_one(Provider, caregiver.provider_id))
    rounds = round_things(session, elder, caregiver, meals)
    rented = rental_things(session, elder, session.get_one(Provider, caregiver.provider_id))
    welfare = welfare_things(session, elder, caregiver)
    rostered = roster_things(session, elder, caregiver, visit.item_id)
    return Things(
        {
            **payout,
            **welfare,
            **rented,
            **rostered,
            "window_id": window.id, "sheet_id": sheet.id,
            "service_item_id": visit.item_id, "fee_id": fee.id, "reminder_id": reminder.id, "pause_id": pause.id,
            "version_id": version.id,
            "elder_id": elder.id, "home_id": elder.home_id, "contact_id": contact.id, "device_id": device.id,
            "order_id": visit.order_id, "visit_id": visit.id, "attendance_id": attendance.id, "alarm_id": alarm.id,
            "offer_id": offer.id,
            "call_id": call.id, "message_id": message.id,
            "change_id": change.id,
            "job_id": job.id, "caregiver_id": caregiver.id, "provider_id": caregiver.provider_id,
            "fault_id": fault.id, "outage_id": outage.id,
            "user_id": operator.id, "assessment_id": assessment.id, "command_id": command.id,
            "installation_id": installation.id, "item_id": item.id, "test_id": test.id,
            "loan_id": loan.id,
            "import_id": file.id, "file_id": people.id, "model_id": 0, "n": 1,
            "link_id": link.id, "program_id": program.id, "program_version_id": draft.id, "enrolment_id": listed.id,
            "life_event_id": event.id, "what_if_id": question.id, "family_link_id": key.id,
            "photo_id": photo.id,
            "swap_id": swap.id,
            "incident_id": incident.id, "clash_id": clash.id, "record_id": record.id,
            **settled,
            "clue_id": clue.id,
            **meals,
            **rounds,
        },
        [str(elder.phone), str(elder.id_number), elder.name, contact.name, contact.phone],
    )  # fmt: skip
