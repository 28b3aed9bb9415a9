"""What is known of an alarm since it began, as its steps need it: from its log, its calls, its tree and its offers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.alarms import climbing, sending
from app.alarms.climbing_rules import BURNING, NOBODY_FREE, RungState
from app.alarms.log import Line
from app.alarms.patterns import Do
from app.alarms.progress import Facts, Mark, Status, Tried
from app.alarms.rules import Event
from app.alarms.sending_rules import NOBODY_LEFT, STANDING
from app.alarms.tables import Alarm
from app.calls import queries as calls
from app.calls.rules import Target
from app.config import settings
from app.equipment.tables import Device, DeviceModel
from app.escalation import queries as trees
from app.escalation.rules import CONTACTS, RungKind
from app.people.tables import Elder

Moment = tuple[datetime, str]  # when, and by whom or why


def of(session: Session, alarm: Alarm, lines: Sequence[Line], began_at: datetime) -> Facts:
    """Everything, from the lines since it began."""
    facts = _from_log(alarm, lines, began_at)
    device = session.get(Device, alarm.device_id) if alarm.device_id else None
    model = session.get(DeviceModel, device.model_id) if device else None
    elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
    made = [call for call in calls.calls(session, alarm_id=alarm.id, limit=200) if call.began_at >= began_at]
    facts = replace(
        facts, speaks=bool(model and model.voice), has_phone=bool(elder and elder.phone),
        named=elder is not None or alarm.worker_id is not None,
        contacts=tuple(contact.id for contact in climbing.people_of(session, alarm)),
        calls=[Tried(c.id, c.target, c.contact_id, c.result, c.began_at, c.operator) for c in reversed(made)],
    )  # fmt: skip
    facts = _of_tree(session, alarm, facts)
    return replace(facts, brought=dict(_brought(session, alarm, facts)))


def _from_log(alarm: Alarm, lines: Sequence[Line], began_at: datetime) -> Facts:
    last: dict[str, Moment] = {}
    marks: dict[str, Mark] = {}
    answers: dict[str, list[tuple[str, str]]] = {}
    asked: dict[str, Moment] = {}
    outcome: tuple[str, datetime] | None = None
    climbs: set[int] = set()
    for line in lines:
        said = line.facts
        if line.event == Event.STEP and "step" in said:
            key = said["step"]
            if "question" in said:
                answers.setdefault(key, []).append((said["question"], said["answer"]))
                asked[key] = (line.at, line.by)
                outcome = (said["means"], line.at) if said.get("means") else outcome
            elif "status" in said:
                marks[key] = Mark(Status(said["status"]), line.at, line.by, said.get("reason"))
        elif line.event == Event.RING and said.get("reason") == NOBODY_LEFT:
            last[NOBODY_LEFT] = (line.at, line.by)
        elif line.event != Event.NOTE or "text" in said:
            last[line.event] = (line.at, line.by)
        if line.event == Event.CALL and said.get("climbs"):
            climbs.add(said["call_id"])
    sent, left = last.get(Event.DISPATCH), last.get(NOBODY_LEFT)
    if sent and left and left[0] >= sent[0]:
        sent = None
    nobody = [one[0] for one in (left, last.get(NOBODY_FREE)) if one]
    return Facts(
        state=alarm.state, began_at=began_at, claimed=last.get(Event.CLAIM) if alarm.claimed_by else None,
        marks=marks, answers=answers, asked=asked, outcome=outcome, climbs=frozenset(climbs), sent=sent,
        nobody_free=max(nobody) if nobody and not sent else None, arrived=last.get(Event.ARRIVE),
        noted=last.get(Event.NOTE), promised=last.get(Event.FOLLOW_UP), call_back_at=alarm.call_back_at,
        closed=last.get(Event.CLOSE),
    )  # fmt: skip


def _of_tree(session: Session, alarm: Alarm, facts: Facts) -> Facts:
    """Whom it tries next, and whether it has reached somebody beside herself, or has come to its end."""
    rows = climbing.rungs_of(session, alarm)
    turn = climbing.next_rung(session, alarm, rows)
    ended: Mapping[datetime, str] = {}
    tried = [row for row in rows if row.kind not in climbing.SPEAKS and row.tried_at and row.ended_at]
    if climbing.reached(alarm, rows):
        ended = {row.ended_at: row.ended_by or "" for row in tried if row.state is RungState.REACHED and row.ended_at}
    elif facts.coming and not climbing.goes_on(alarm, rows):
        ended = {row.ended_at: row.ended_by or "" for row in tried if row.ended_at and row.ended_at >= facts.began_at}
    promised = [row.promised_at for row in rows if row.promised_at and row.kind in CONTACTS]
    offers = [offer.answer_by for offer, _ in sending.offers_of(session, alarm.id) if offer.state in STANDING]
    return replace(
        facts, climbing=bool(rows or turn), turn=turn, climbed=max(ended.items(), default=None),
        answer_by=max(offers, default=None), there_by=min(promised, default=None),
    )  # fmt: skip


def _brought(session: Session, alarm: Alarm, facts: Facts) -> Iterator[tuple[Do, Moment]]:
    """120 or 119 goes before the steps above it: danger does not wait, she does not speak, or nobody can be sent.

    A responder is sent by the platform itself at the same moments; a rescue service is called by whoever has the alarm.
    """
    rescue = Do.FIRE if alarm.kind in BURNING else Do.AMBULANCE
    if facts.arrived or facts.word == "safe":
        return
    tree = trees.held(session, alarm.elder_id).tree if alarm.elder_id else None
    spoken_to = [call.at for call in facts.tries if call.target is not Target.CONTACT]
    if tree and facts.tries and RungKind.AMBULANCE in tree.at_once.get(alarm.kind, ()):
        yield rescue, (min(call.at for call in facts.tries), "at_once")
    elif tree and spoken_to and not facts.reached and RungKind.AMBULANCE in tree.silence.get(alarm.kind, ()):
        yield rescue, (min(spoken_to) + timedelta(seconds=settings().alarm_silence_after), "silence")
    elif facts.nobody_free:
        yield rescue, (facts.nobody_free, NOBODY_FREE)
