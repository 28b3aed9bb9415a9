"""A command given at the desk reaches the device on its own line, and its answer comes back."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.access.rules import Role
from app.commands import actions, queries
from app.commands.rules import CommandState
from app.commands.tables import DeviceCommand
from app.db import transaction
from app.equipment.rules import Command
from app.equipment.tables import Device
from devices.gateway.orders import Do, Order
from devices.gateway.protocols import WIRES
from devices.gateway.talk import Link
from tests.app.gateway.house import Line, house, registered, until
from tests.devices.gateway import samples

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("database")]
NUMBER = "05468012349"


def give(device: Device, command: Command, **given: object) -> int:
    with transaction() as session:
        return actions.give(
            session, device.id, command, role=Role.OPERATOR, by="赵敏", now=datetime.now(UTC), **given  # type: ignore[arg-type]
        ).id  # fmt: skip


def command_of(command_id: int) -> DeviceCommand:
    with transaction() as session:
        return queries.get(session, command_id)


def test_the_names_of_wire_and_register_agree() -> None:
    assert {do.value for do in Do} == {command.value for command in Command}


def test_a_watch_rings_up_the_hotline_because_somebody_said_why() -> None:
    watch = registered(samples.WATCH, "watch-3g")

    async def story() -> int:
        async with house() as at:
            line = await at.dial("3g")
            await line.say(samples.watch("LK"), b"]")
            command_id = await asyncio.to_thread(
                give, watch, Command.CALL_BACK, numbers=[NUMBER], reason="报警后无人应答"
            )
            assert await line.say(b"", b"]") == f"[3G*3011234567*0010*CALL,{NUMBER}]".encode()
            await line.say(samples.watch("CALL"))
            await until(lambda: command_of(command_id).state is CommandState.ANSWERED)
            await line.hang_up()
            return command_id

    assert command_of(asyncio.run(story())).sent_by == "gateway-test"


def test_a_command_waits_for_the_device_and_goes_by_whichever_gateway_it_comes_to() -> None:
    tracker = registered(samples.IMEI, "gt06-tracker")
    command_id = give(tracker, Command.SET_INTERVAL, seconds=300)

    async def story() -> bytes:
        async with house("gateway-a"), house("gateway-b") as at:
            line = await at.dial("gt06")
            await line.say(samples.gt06_login(), b"\r\n")
            frame = await line.say(b"", b"\r\n")
            flag = frame[5:9]
            await line.say(samples.gt06(0x15, bytes((8,)) + flag + b"OK!\0", 9))
            await until(lambda: command_of(command_id).state is CommandState.ANSWERED)
            await line.hang_up()
            return frame

    assert b"TIMER,300#" in asyncio.run(story())
    command = command_of(command_id)
    assert (command.sent_by, command.answer) == ("gateway-b", "OK!")


def test_an_answer_of_another_serial_answers_nothing() -> None:
    terminal = registered(samples.PHONE, "jt808-terminal")

    async def story() -> list[CommandState]:
        seen = []
        async with house() as at:
            line = await at.dial("jt808")
            await line.say(samples.jt808(0x0002), b"\x7e")
            await line.say(b"", b"\x7e")
            command_id = await asyncio.to_thread(give, terminal, Command.RESTART)
            order = await _whole(line)
            serial, kind = order[11:13], order[1:3]
            assert (kind, order[13:-2]) == (b"\x81\x05", b"\x04")
            for answered in (b"\xff\xff", serial):
                await line.say(samples.jt808(0x0001, answered + kind + b"\0", 2))
                await line.say(samples.jt808(0x0002, serial=3), b"\x7e")  # answered: what came before it has been read
                await line.say(b"", b"\x7e")
                if answered == serial:
                    await until(lambda: command_of(command_id).state is CommandState.ANSWERED)
                seen.append((await asyncio.to_thread(command_of, command_id)).state)
            await line.hang_up()
        return seen

    assert asyncio.run(story()) == [CommandState.SENT, CommandState.ANSWERED]


async def _whole(line: Line) -> bytes:
    return await line.say(b"", b"\x7e") + await line.say(b"", b"\x7e")


@pytest.mark.parametrize("wire", WIRES)
def test_what_a_device_is_told_is_one_frame_of_its_protocol(wire: str) -> None:
    order = Order(7, Do.FIND, (NUMBER, "13812345678"), 600, "该吃药了")
    for do in Do:
        link = Link(device=samples.IMEI, head={"3g": "3G*1*", "h02": "*HQ,1,", "jt808": samples.PHONE}.get(wire, ""))
        if written := WIRES[wire].write(replace(order, do=do), link, datetime.now(UTC)):
            name, frame = written
            assert name and frame.isascii() or wire in ("gt06", "jt808")
            if wire not in ("iwap", "h02"):  # those speak another tongue to the device
                assert WIRES[wire].cut(bytearray(frame)) == (0, len(frame))
