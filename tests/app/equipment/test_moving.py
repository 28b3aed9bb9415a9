"""Swaps, loans and losses: what goes where, and what is left behind."""

from datetime import date

import pytest
from sqlalchemy import select, text

from app.db import transaction
from app.equipment import faults, installing, moving
from app.equipment.installing_rules import LoanOutcome
from app.equipment.installing_tables import DeviceLoan
from app.equipment.rules import DeviceEvent, DeviceState, Fault
from app.equipment.tables import DeviceFault
from app.errors import Conflict
from tests.app.alarms.story import hear, press, the_alarm
from tests.app.equipment.story import WIRE, confirmed, device_of, in_stock, ordered, seconds
from tests.cast import TEN, a_device, an_elder
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


@database
def test_the_old_device_goes_only_when_the_new_one_has_rung_and_its_faults_go_along() -> None:
    with transaction() as session:
        elder = an_elder(session)
        old = a_device(session, elder=elder, wire_id="old", spot="颈挂")
        for fault in (Fault.LOW_BATTERY, Fault.SILENT):
            faults.add(session, [faults.New(old, fault, MORNING)])
        moving.lend(session, old, elder.id, date(2027, 1, 31), by="韩雪", now=MORNING)
        in_stock(session)
        wish = installing.Wish(
            "yl-pendant", replaces_id=old.id, old_goes=DeviceEvent.SEND_TO_REPAIR, old_reason="电池鼓包"
        )  # fmt: skip
        made, (item,) = ordered(session, wish, elder=elder)
        installing.arrive(session, made, by="刘洁", now=MORNING)
        installing.place(session, item, WIRE, "颈挂", by="刘洁", now=MORNING)
        installing.test(session, item, by="刘洁", now=MORNING)
        assert device_of(session, "old").state is DeviceState.ACTIVE  # she is never without one
    hear(press(WIRE, at=seconds(9)), now=seconds(10))
    confirmed()
    with transaction() as session:
        gone, new = device_of(session, "old"), device_of(session)
        assert (gone.state, gone.elder_id, gone.spot) == (DeviceState.REPAIR, None, None)
        assert (new.state, new.elder_id) == (DeviceState.ACTIVE, elder.id)
        assert moving.faults_of(session, gone.id) == [Fault.LOW_BATTERY]
        ended, running = session.scalars(select(DeviceLoan).order_by(DeviceLoan.id)).all()
        assert (ended.outcome, running.device_id, running.due_on) == (
            LoanOutcome.RETURNED, new.id, date(2027, 1, 31),
        )  # fmt: skip
        said = session.execute(text("select event, reason from history where subject = 'devices' and subject_id = :id"),
                               {"id": gone.id}).all()  # fmt: skip
        assert ("send_to_repair", "电池鼓包") in [tuple(line) for line in said]


@database
def test_a_swap_at_the_desk_moves_place_and_elder_in_one_step() -> None:
    with transaction() as session:
        elder = an_elder(session)
        old, new = a_device(session, elder=elder, wire_id="old", spot="床头"), in_stock(session)
        smoke = in_stock(session, "smoke-1", "yl-smoke")
        with pytest.raises(Conflict):
            moving.swap(session, old, smoke, goes=DeviceEvent.RETIRE, by="韩雪", now=TEN, reason="坏了")
        moving.swap(session, old, new, goes=DeviceEvent.RETIRE, by="韩雪", now=TEN, reason="坏了")
        assert (new.state, new.elder_id, new.spot, new.tested_at) == (DeviceState.ACTIVE, elder.id, "床头", None)
        assert (old.state, old.elder_id) == (DeviceState.RETIRED, None)


@database
def test_a_lent_device_comes_back_without_anybodys_numbers_in_it() -> None:
    with transaction() as session:
        elder, device = an_elder(session), in_stock(session, model="yl-watch")
        moving.lend_from_stock(session, device, elder.id, date(2027, 1, 31), by="韩雪", now=TEN)
        assert (device.state, device.elder_id) == (DeviceState.ACTIVE, elder.id)
        with pytest.raises(moving.NotWiped):
            moving.move(session, device, DeviceEvent.TAKE_BACK, by="韩雪", now=TEN, reason="到期")
        moving.move(session, device, DeviceEvent.TAKE_BACK, by="韩雪", now=TEN, reason="到期", wiped=True)
        assert (device.state, device.elder_id, device.home_id, device.spot) == (DeviceState.IN_STOCK, None, None, None)
        (loan,) = session.scalars(select(DeviceLoan)).all()
        assert (loan.outcome, loan.wiped) == (LoanOutcome.RETURNED, True)


@database
def test_a_lost_button_still_calls_for_the_one_who_lost_it() -> None:
    with transaction() as session:
        elder = an_elder(session)
        device = a_device(session, elder=elder)
        faults.add(session, [faults.New(device, Fault.SILENT, MORNING)])
        moving.move(session, device, DeviceEvent.LOSE, by="韩雪", now=MORNING, reason="散步时掉了")
        assert session.scalars(select(DeviceFault).where(DeviceFault.ended_at.is_(None))).all() == []
    hear(press(device.wire_id, at=seconds(5)), now=seconds(5))
    assert the_alarm().elder_id == elder.id
    with transaction() as session:
        found = moving.move(
            session, moving.get(session, device.id), DeviceEvent.FIND, by="韩雪", now=TEN, reason="邻居送回"
        )  # fmt: skip
        assert (found.state, found.elder_id) == (DeviceState.ACTIVE, elder.id)
