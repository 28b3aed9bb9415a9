"""Commands to devices: who may give which, what they must say, and how they end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.access.rules import Role
from app.commands import actions, queries
from app.commands.rules import ANSWERS, WAITS, CommandState, check, offered
from app.db import Scope, transaction
from app.equipment.rules import Command, DeviceState
from app.equipment.tables import Device
from app.errors import CareError, Conflict, NotFound, Refused, Unreadable
from tests.cast import OTHER_COMMUNITY, a_device, an_elder
from tests.clients import Client
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
BY: dict[str, Any] = {"role": Role.OPERATOR, "by": "赵敏 (zhaomin)", "now": MORNING}


def a_watch(**given: Any) -> Device:
    with transaction() as session:
        return a_device(session, **{"model": "watch-3g", **given})


def give(device: Device, command: Command = Command.FIND, **given: Any) -> int:
    with transaction() as session:
        return actions.give(session, device.id, command, **(BY | given)).id


def state(command_id: int) -> CommandState:
    with transaction() as session:
        return queries.get(session, command_id).state


def hand_over(gateway: str, *ids: int, after: timedelta = timedelta()) -> list[int]:
    with transaction() as session:
        return [handed.id for handed in actions.hand_over(session, ids, gateway=gateway, now=MORNING + after)]


def test_a_command_is_taken_by_one_gateway_and_answered_once(notices: list[str]) -> None:
    command_id = give(a_watch())
    assert hand_over("gateway-1", command_id) == [command_id]
    assert hand_over("gateway-2", command_id) == []
    with transaction() as session:
        actions.answered(session, command_id, words="ok\0", gateway="gateway-1", now=MORNING)
        actions.answered(session, command_id, words="again", gateway="gateway-1", now=MORNING)
    with transaction() as session:
        command = queries.get(session, command_id)
    assert (command.state, command.answer, command.sent_by) == (CommandState.ANSWERED, "ok", "gateway-1")
    assert notices.count(f"device_commands/{command_id}") == 3


def test_what_has_not_left_in_time_never_leaves() -> None:
    """A watch that connects tomorrow must not open its microphone then."""
    waiting, sent = give(a_watch()), give(a_watch())
    hand_over("gateway-1", sent)
    with transaction() as session:
        assert list(queries.overdue(session, now=MORNING + ANSWERS)) == [sent]
        assert set(queries.overdue(session, now=MORNING + WAITS)) == {waiting, sent}
        actions.expire(session, waiting, now=MORNING + WAITS)
        actions.expire(session, waiting, now=MORNING + WAITS)
        assert queries.waiting(session, now=MORNING) == []
    assert hand_over("gateway-1", waiting, after=WAITS) == []


def test_a_line_that_was_gone_lets_the_command_wait_again_as_long_as_it_would_have() -> None:
    command_id = give(a_watch())
    hand_over("gateway-1", command_id, after=timedelta(minutes=1))
    with transaction() as session:
        actions.take_back(session, command_id, gateway="gateway-1", now=MORNING + timedelta(minutes=1))
        command = queries.get(session, command_id)
        assert (command.state, command.due_at, command.sent_by) == (CommandState.QUEUED, MORNING + WAITS, None)


@pytest.mark.parametrize("command", [Command.CALL_BACK, Command.LISTEN])
def test_a_microphone_is_opened_by_the_hotline_alone_and_for_a_reason(command: Command) -> None:
    watch, numbers = a_watch(), ["05468012349"]
    with pytest.raises(Refused):
        give(watch, command, role=Role.DISPATCHER, numbers=numbers, reason="老人没有回应")
    with pytest.raises(Unreadable, match="microphone"):
        give(watch, command, numbers=numbers, reason="   ")
    command_id = give(watch, command, numbers=numbers, reason="跌倒报警后无人应答")
    assert state(command_id) is CommandState.QUEUED


@pytest.mark.parametrize(
    ("command", "given"),
    [
        (Command.CALL_BACK, {"numbers": []}),
        (Command.CALL_BACK, {"numbers": ["138,1#"]}),
        (Command.SOS_NUMBERS, {"numbers": ["1380000001"] * 4}),
        (Command.SOS_NUMBERS, {"numbers": ["][3G*1*0004*FIND"]}),
        (Command.SET_INTERVAL, {"seconds": 5}),
        (Command.TEXT, {"words": "one\ntwo"}),
        (Command.TEXT, {"words": " "}),
    ],
)
def test_a_command_that_says_too_little_or_hides_another_is_refused(command: Command, given: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"numbers": [], "seconds": 0, "words": "", "reason": "a reason"}
    with pytest.raises(CareError):
        check(command, **(whole | given))


def test_the_same_command_waits_once_and_a_device_is_told_only_what_its_model_can() -> None:
    watch, pendant, stored = a_watch(), a_watch(model="yl-pendant"), a_watch(state=DeviceState.IN_STOCK)
    give(watch)
    with pytest.raises(Conflict):
        give(watch)
    for device in (pendant, stored):
        with pytest.raises(Conflict):
            give(device)
    assert give(watch, Command.LOCATE)


def test_offers_follow_the_role_and_the_model() -> None:
    known = ["find", "call_back", "listen"]
    assert offered(Role.SHIFT_LEAD, known, DeviceState.ACTIVE) == [Command.FIND, Command.CALL_BACK, Command.LISTEN]
    assert offered(Role.DISPATCHER, known, DeviceState.ACTIVE) == [Command.FIND]
    assert offered(Role.SHIFT_LEAD, known, DeviceState.RETIRED) == []


def test_nobody_tells_a_device_outside_the_area() -> None:
    with transaction() as session:
        far = a_device(session, model="watch-3g", elder=an_elder(session, division_code=OTHER_COMMUNITY))
    mine = Scope(far.district_id, "370503001")
    with transaction(mine) as session, pytest.raises(NotFound):
        actions.give(session, far.id, Command.FIND, **BY)
    command_id = give(far)
    with transaction(mine) as session, pytest.raises(NotFound):
        actions.cancel(session, command_id, by="x", now=MORNING)


def test_the_desk_gives_sees_and_takes_back_and_numbers_lie_sealed(
    client: Callable[..., Client], database: Engine
) -> None:
    watch, desk = a_watch(), client(Role.OPERATOR)
    url = f"/api/devices/{watch.id}/commands"
    offers = desk.get(url).json()["offers"]
    assert {"command": "listen", "reason": True} in offers and {"command": "find", "reason": False} in offers
    wanted = {"command": "call_back", "numbers": ["13812345678"], "reason": "报警后无人应答"}
    answer = desk.post(url, json=wanted)
    assert answer.status_code == 200 and answer.json()["possible"] == ["cancel"], answer.text
    assert "13812345678" not in desk.get(url).text
    with database.connect() as connection:
        row = connection.execute(text("select said, reason from device_commands")).one()
    assert "13812345678" not in row.said and "报警" not in row.reason
    cancelled = desk.post(f"/api/commands/{answer.json()['id']}/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert desk.post(f"/api/commands/{answer.json()['id']}/cancel").status_code == 409
