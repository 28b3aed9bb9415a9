"""Telling whoever goes on welfare visits, once a day, how many of her elders are overdue."""

from datetime import datetime

from sqlalchemy import select

from app import calendar
from app.access.tables import District
from app.db import transaction
from app.messages import actions as messages
from app.messages.rules import Channel
from app.welfare import queries


def tell_overdue(now: datetime) -> None:
    """From the hour of each district's rules on; a second run on the same day sends nothing."""
    today, hour = calendar.day_of(now), calendar.local(now).hour
    with transaction() as session:
        for district_id in session.scalars(select(District.id)):
            rules = queries.rules_on(session, district_id, today)[1]
            if hour < rules.tell_hour:
                continue
            for one in queries.overdue(session, rules, district_id, today=today):
                text = (
                    f"【银铃】{one.caregiver.name}，您负责的老人中有{one.elders}位巡访已逾期，"
                    f"最久的已过{(today - one.oldest).days}天。请打开手机“巡访”查看。"
                )
                messages.tell(
                    session, district_id=district_id, division_code=one.caregiver.division_code, channel=Channel.SMS,
                    to=one.caregiver.phone, to_whom=one.caregiver.name, text=text, now=now,
                    key=f"welfare_overdue/{one.caregiver.id}/{today}",
                )  # fmt: skip
