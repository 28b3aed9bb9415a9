"""An installer at work: words for the stories of this folder."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import testing as at_the_desk
from app.db import transaction
from app.equipment import actions, installing, models
from app.equipment.installing_tables import DeviceTest, Installation, InstallationItem
from app.equipment.tables import Device
from app.people.tables import Caregiver, Elder
from tests.app.alarms.story import alarms, an_operator
from tests.cast import DISTRICT, a_caregiver, an_elder
from tests.conftest import MORNING

WIRE = "yl-8031"


def seconds(n: float) -> datetime:
    return MORNING + timedelta(seconds=n)


def in_stock(session: Session, wire_id: str = WIRE, model: str = "yl-pendant") -> Device:
    models.load(session)
    return actions.take_in(session, district_id=DISTRICT, wire_id=wire_id, model_id=model, by="仓库", now=MORNING)


def ordered(
    session: Session, *wishes: installing.Wish, elder: Elder | None = None, by: Caregiver | None = None
) -> tuple[Installation, Sequence[InstallationItem]]:
    models.load(session)
    elder, by = elder or an_elder(session), by or a_caregiver(session)
    made = installing.order(
        session, elder.id, wishes or (installing.Wish("yl-pendant", spot="颈挂"),), opens=MORNING,
        closes=seconds(7200), note=None, by="韩雪", now=seconds(-60), installer_id=by.id,
    )  # fmt: skip
    return made, installing.items_of(session, made.id)


def under_test(model: str = "yl-pendant", *, elder: Elder | None = None) -> tuple[int, int]:
    """The installer stands in the home, the device hangs, its press is awaited; order and item."""
    with transaction() as session:
        in_stock(session, model=model)
        made, (item,) = ordered(session, installing.Wish(model, spot="床头"), elder=elder)
        installing.arrive(session, made, by="刘洁", now=MORNING)
        installing.place(session, item, WIRE, "床头", by="刘洁", now=MORNING)
        installing.test(session, item, by="刘洁", now=MORNING)
        return made.id, item.id


def the_test(session: Session) -> DeviceTest:
    return session.scalars(select(DeviceTest).order_by(DeviceTest.id.desc()).limit(1)).one()


def device_of(session: Session, wire_id: str = WIRE) -> Device:
    return session.scalars(select(Device).where(Device.wire_id == wire_id)).one()


def confirmed(voice: bool | None = None, *, at: float = 20) -> Caller:
    with transaction() as session:
        me = an_operator(session)
        at_the_desk.shown(session, alarms(session)[0].id, now=seconds(at - 5))
        at_the_desk.confirm(session, alarms(session)[0].id, voice=voice, me=me, now=seconds(at))
    return me
