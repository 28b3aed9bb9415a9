"""Watches, trackers and diallers on real sockets, over the real inbox."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from app import gateway as process
from app import vault
from app.alarms.rules import AlarmKind, Outcome
from app.db import transaction
from app.equipment.rules import Link
from app.equipment.tables import Device
from devices.gateway.protocols import dc09
from tests.app.gateway.house import PATIENCE, Line, alarms, house, now, registered, stored, until
from tests.devices.gateway import samples

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("database")]

Talk = Callable[[Line], Awaitable[bytes]]


async def _gt06(line: Line) -> bytes:
    assert await line.say(samples.gt06_login(), b"\r\n") == samples.gt06(0x01, b"", 1)
    return await line.say(samples.gt06_sos(now()), b"\r\n")


async def _iwap(line: Line) -> bytes:
    welcome = await line.say(b"IWAP00861234567890123#", b"#")
    assert welcome.startswith(f"IWBP00,{now():%Y%m%d}".encode()) and welcome.endswith(b",8#")
    return await line.say(samples.iwap_sos(now()), b"#")


async def _jt808(line: Line) -> bytes:
    code = (await line.say(samples.jt808(0x0100, b"\0" * 25), b"\x7e") and await line.say(b"", b"\x7e"))[15:-2]
    assert code.decode() == vault.digest("jt808", samples.PHONE)
    await line.say(samples.jt808(0x0102, code, 2), b"\x7e")
    assert (await line.say(b"", b"\x7e"))[12:-2] == b"\0\2\x01\x02\0"
    await line.say(samples.jt808_sos(now() + timedelta(hours=8), 3), b"\x7e")
    return await line.say(b"", b"\x7e")


TALKS: dict[str, tuple[str, Talk, bytes]] = {
    "3g": (samples.WATCH, lambda line: line.say(samples.watch_sos(now()), b"]"), b"[3G*3011234567*0002*AL]"),
    "iwap": (samples.IMEI, _iwap, b"IWBP10#"),
    "gt06": (samples.IMEI, _gt06, samples.gt06(0x16, b"", 2)),
    "h02": (samples.WATCH, lambda line: line.say(samples.h02_sos(now()), b"#"), b"*HQ,3011234567,V4,V1,"),
    "jt808": (samples.PHONE, _jt808, b"\x80\x01\0\x05\x01\x39\x12\x34\x56\x78"),
    "dc09": (samples.ACCOUNT, lambda line: line.say(samples.dc09_sos(now()), b"\r"), dc09.framed('"ACK"0007L0#4711[]')),
}  # fmt: skip


async def _presses(wire: str) -> bytes:
    device, talk, _ = TALKS[wire]
    async with house() as at:
        line = await at.dial(wire)
        answer = await talk(line)
        assert [alarm.kind for alarm in alarms()] == [AlarmKind.SOS], "stored before it was answered"
        assert set(at.gateway.devices()) == {device}
        await line.hang_up()
    return answer


@pytest.mark.parametrize("wire", TALKS)
def test_a_press_is_answered_in_its_own_protocol_once_it_is_an_alarm(wire: str) -> None:
    device = registered(TALKS[wire][0])
    assert asyncio.run(_presses(wire)).startswith(TALKS[wire][2])
    (alarm,) = alarms()
    assert (alarm.elder_id, alarm.wire_id, alarm.count) == (device.elder_id, device.wire_id, 1)
    with transaction() as session:
        assert session.get_one(Device, device.id).last_seen_at is not None


def test_a_stranger_that_calls_for_help_rings_and_is_shown() -> None:
    asyncio.run(_presses("3g"))
    assert [alarm.subject for alarm in alarms()] == [f"wire:{samples.WATCH}"]
    assert [m.outcome for m in stored()] == [Outcome.SET_ASIDE]


def test_a_log_in_says_that_the_device_is_there_and_a_line_long_gone_that_it_is_not() -> None:
    device = registered(samples.IMEI)

    async def story() -> dict[str, datetime]:
        async with house() as at:
            line = await at.dial("gt06")
            await line.say(samples.gt06_login(), b"\r\n")
            await line.hang_up()
            await until(lambda: not at.gateway.devices())
            return at.gateway.away(0)

    gone = asyncio.run(story())
    assert link(device) is Link.ONLINE and set(gone) == {device.wire_id}
    process.out_of_reach("gateway-test", dict.fromkeys(gone, now() - timedelta(hours=1)))
    assert link(device) is Link.ONLINE, "heard since by another gateway"
    process.out_of_reach("gateway-test", gone)
    assert link(device) is Link.OFFLINE


def link(device: Device) -> Link:
    with transaction() as session:
        return session.get_one(Device, device.id).link


def test_a_device_cannot_speak_as_another_on_its_own_connection() -> None:
    victim, mine = registered("3011234599"), registered(samples.WATCH)

    async def story() -> None:
        async with house() as at:
            line = await at.dial("3g")
            await line.say(samples.watch("LK"), b"]")
            await line.say(samples.watch_sos(now(), victim.wire_id))
            assert await line.is_hung_up()
            await line.hang_up()

    asyncio.run(story())
    assert alarms() == []
    (message,) = stored()
    assert message.outcome is Outcome.SET_ASIDE and victim.wire_id in str(message.reason)
    assert mine.wire_id in message.topic


def test_a_concentrator_may_speak_for_others() -> None:
    pendant = registered("3011234599")

    async def story() -> bytes:
        async with house(concentrators=frozenset({samples.WATCH})) as at:
            line = await at.dial("3g")
            await line.say(samples.watch("LK"), b"]")
            answer = await line.say(samples.watch_sos(now(), pendant.wire_id), b"]")
            await line.hang_up()
            return answer

    assert asyncio.run(story()) == b"[3G*3011234599*0002*AL]"
    assert [alarm.wire_id for alarm in alarms()] == [pendant.wire_id]


def test_the_same_frame_again_is_the_same_press_and_is_answered_again() -> None:
    registered(samples.WATCH)

    async def story() -> None:
        frame = samples.watch_sos(now() - timedelta(minutes=3))
        async with house() as at:
            for _ in range(3):
                line = await at.dial("3g")
                assert await line.say(frame, b"]") == b"[3G*3011234567*0002*AL]"
                await line.hang_up()
            line = await at.dial("3g")
            await line.say(samples.watch_sos(now()), b"]")
            await line.hang_up()

    asyncio.run(story())
    (alarm,) = alarms()
    assert alarm.count == 2 and len(stored()) == 2


def test_a_watch_whose_clock_stands_still_may_press_twice() -> None:
    registered(samples.WATCH)

    async def story() -> None:
        async with house() as at:
            line = await at.dial("3g")
            for pause in (2.1, 0.0):
                await line.say(samples.watch_sos(datetime(2000, 1, 1, tzinfo=UTC)), b"]")
                await asyncio.sleep(pause)  # equal payloads of the same two seconds are one press
            await line.hang_up()

    asyncio.run(story())
    assert [alarm.count for alarm in alarms()] == [2]


def test_nothing_is_answered_while_nothing_can_be_stored_and_then_all_of_it_once(parts: Engine) -> None:
    registered(samples.WATCH)
    frame = samples.watch_sos(now())

    def rename(one: str, other: str) -> None:
        with parts.begin() as owner:
            owner.execute(text(f"alter table {one} rename to {other}"))

    async def story() -> None:
        async with house() as at:
            line = await at.dial("3g")
            await asyncio.to_thread(rename, "inbox_messages", "away")
            try:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(line.say(frame, b"]"), 1)
                assert at.gateway.figures.answered == 0
            finally:
                await asyncio.to_thread(rename, "away", "inbox_messages")
            assert await asyncio.wait_for(line.reader.readuntil(b"]"), PATIENCE) == b"[3G*3011234567*0002*AL]"
            assert await line.say(frame, b"]") == b"[3G*3011234567*0002*AL]"
            await line.hang_up()

    asyncio.run(story())
    assert [alarm.count for alarm in alarms()] == [1]


def test_a_dialler_with_its_key_is_answered_in_cipher_and_an_old_call_is_not_believed() -> None:
    registered(samples.ACCOUNT)
    key = vault.digest("dc09", samples.ACCOUNT)[:32]
    old = samples.dc09_sealed(key, now() - timedelta(minutes=5), 8)

    async def story() -> tuple[bytes, bytes]:
        async with house() as at:
            line = await at.dial("dc09")
            fresh = await line.say(samples.dc09_sealed(key, now(), 9), b"\r")
            refused = await line.say(old, b"\r")
            await line.hang_up()
            return fresh, refused

    fresh, refused = asyncio.run(story())
    assert b'"*ACK"0009L0#4711[' in fresh and b"]" not in fresh
    assert b'"NAK"0000R0L0A0[]_' in refused
    assert [(m.outcome, "old call" in str(m.reason)) for m in stored()] == [
        (Outcome.STORED, False),
        (Outcome.SET_ASIDE, True),
    ]
    assert len(alarms()) == 1


def test_over_udp_a_tracker_is_answered_where_it_spoke_from() -> None:
    registered(samples.WATCH)

    class Tracker(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.heard: asyncio.Queue[bytes] = asyncio.Queue()

        def datagram_received(self, data: bytes, addr: object) -> None:
            self.heard.put_nowait(data)

    async def story() -> bytes:
        async with house() as at:
            transport, tracker = await asyncio.get_running_loop().create_datagram_endpoint(
                Tracker, remote_addr=("127.0.0.1", at.gateway.ports["h02"])
            )
            transport.sendto(b"noise" + samples.h02_sos(now()))
            try:
                return await asyncio.wait_for(tracker.heard.get(), PATIENCE)
            finally:
                transport.close()

    assert asyncio.run(story()).startswith(b"*HQ,3011234567,V4,V1,")
    assert len(alarms()) == 1


@pytest.mark.parametrize("wrong", ["", "3g", "3g:x", "fax:1", "3g:70000"])
def test_a_setting_that_names_no_listener_is_said_so(wrong: str) -> None:
    with pytest.raises(process.NoListeners, match=r"3g"):
        process.listeners(wrong)
    assert process.listeners(" 3g:5093, jt808:0") == [("3g", 5093), ("jt808", 0)]
