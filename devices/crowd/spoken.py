"""What simulated devices say, in their protocols' words, and what of the answers they understand. Pure functions.

A word is the bytes to send and the key that its acknowledgement will carry; our own codecs read every one of them.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from devices.codecs.checks import crc_x25, xor
from devices.signals import Kind

PLACE: Final = (31.2304, 121.4737)
BEIJING: Final = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Word:
    """Bytes, and what their acknowledgement is known by; None where the protocol has none."""

    payload: bytes
    key: str | None = None


# care/v1 and ChirpStack: JSON


def care_event(event_id: str, kind: Kind, at: datetime, *, seq: int, battery: int) -> bytes:
    said: dict[str, Any] = {"id": event_id, "kind": kind, "at": at.isoformat(), "seq": seq, "battery": battery}
    return json.dumps(said).encode()


def care_beat(at: datetime, *, battery: int) -> bytes:
    return json.dumps({"kind": Kind.HEARTBEAT, "at": at.isoformat(), "battery": battery}).encode()


def care_status(status: str) -> bytes:
    return json.dumps({"status": status}).encode()


def chirpstack_up(eui: str, event_id: str, kind: Kind | None, at: datetime, *, count: int, battery: int) -> bytes:
    """A Milesight detector's uplink: of smoke six bytes that add up to 0, of water channels 01 battery and 03 leak."""
    smoke = kind is Kind.SMOKE
    level = 5 if kind is Kind.LOW_BATTERY else battery
    data = bytes((0x01, 0x75, level, 0x03, 0, kind is Kind.WATER_LEAK))
    if smoke:
        data = bytes((0x10, 0x11, level, 30, 24))
        data += bytes((-sum(data) & 0xFF,))
    return json.dumps(
        {
            "deduplicationId": event_id, "time": at.isoformat(), "fCnt": count, "fPort": 85,
            "deviceInfo": {"devEui": eui, "deviceProfileName": "Milesight GS524N" if smoke else "Milesight WS303"},
            "data": base64.b64encode(data).decode(),
        }
    ).encode()  # fmt: skip


# 3G watches: text in square brackets

WATCH_BITS: Final = {Kind.SOS: 1 << 16, Kind.FALL: 1 << 21, Kind.LOW_BATTERY: 1 << 17}


def watch(device: str, content: str) -> bytes:
    return f"[3G*{device}*{len(content):04X}*{content}]".encode()


def watch_beat(device: str, *, steps: int, battery: int) -> Word:
    return Word(watch(device, f"LK,{steps},0,{battery}"), "LK")


def watch_alarm(device: str, kind: Kind, at: datetime, *, battery: int) -> Word:
    place = f"{PLACE[0]:.6f},N,{PLACE[1]:.6f},E"
    status = f"{WATCH_BITS.get(kind, 0):08X}"
    said = f"AL,{at:%d%m%y,%H%M%S},A,{place},0.5,90,4,9,80,{battery},1200,0,{status},1,0,460,0,6300,1234,130"
    return Word(watch(device, said), "AL")


def watch_answers(buffer: bytearray) -> Iterator[str]:
    """The names in whole frames at the front of the buffer, which they leave."""
    while (end := buffer.find(b"]")) >= 0:
        frame = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        yield frame.rsplit(b"*", 1)[-1][:-1].decode("latin-1").partition(",")[0]


# GT06: binary, CRC-X25

GT06_ALARMS: Final = {Kind.SOS: 0x01, Kind.LOW_BATTERY: 0x0E}


def gt06(kind: int, content: bytes, serial: int) -> Word:
    inner = bytes((len(content) + 5, kind)) + content + serial.to_bytes(2)
    return Word(b"\x78\x78" + inner + crc_x25(inner).to_bytes(2) + b"\r\n", f"{kind:02x}{serial:04x}")


def gt06_login(imei: str, serial: int) -> Word:
    return gt06(0x01, bytes.fromhex(imei.zfill(16)), serial)


def gt06_beat(serial: int, *, battery: int) -> Word:
    return gt06(0x13, bytes((0x04, min(6, battery // 16), 4, 0, 2)), serial)


def gt06_alarm(kind: Kind, at: datetime, serial: int, *, battery: int) -> Word:
    lat, lon = (round(angle * 1_800_000).to_bytes(4) for angle in PLACE)
    clock = bytes((at.year % 100, at.month, at.day, at.hour, at.minute, at.second))
    cell = bytes((9,)) + (460).to_bytes(2) + b"\0" + (6300).to_bytes(2) + (1234).to_bytes(3)
    state = bytes((0, min(6, battery // 16), 4, GT06_ALARMS.get(kind, 0x03), 2))
    return gt06(0x16, clock + b"\xc9" + lat + lon + b"\0" + (0x1400 | 90).to_bytes(2) + cell + state, serial)


def gt06_answers(buffer: bytearray) -> Iterator[str]:
    while len(buffer) >= 10:
        length = buffer[2]
        if len(buffer) < length + 5:
            return
        frame = bytes(buffer[: length + 5])
        del buffer[: length + 5]
        yield f"{frame[3]:02x}{frame[-6:-4].hex()}"


# JT/T 808: binary, marked and escaped

JT808_BITS: Final = {Kind.SOS: 1, Kind.LOW_BATTERY: 1 << 7}
REGISTER, LOG_IN, BEAT, LOCATION, REGISTERED = 0x0100, 0x0102, 0x0002, 0x0200, 0x8100


def jt808(kind: int, device: str, serial: int, body: bytes = b"") -> Word:
    inner = kind.to_bytes(2) + len(body).to_bytes(2) + bytes.fromhex(device) + serial.to_bytes(2) + body
    inner += bytes((xor(inner),))
    payload = b"\x7e" + inner.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"
    return Word(payload, f"{serial:04x}")


def jt808_register(device: str, serial: int) -> Word:
    body = bytes(4) + b"YLSIM" + b"SIM-1".ljust(20, b"\0") + b"0000001" + b"\0"
    return jt808(REGISTER, device, serial, body)


def jt808_alarm(kind: Kind, device: str, at: datetime, serial: int, *, battery: int) -> Word:
    lat, lon = (round(angle * 1e6).to_bytes(4) for angle in PLACE)
    clock = bytes.fromhex(f"{at.astimezone(UTC) + BEIJING:%y%m%d%H%M%S}")
    body = JT808_BITS.get(kind, 0).to_bytes(4) + (2).to_bytes(4) + lat + lon + bytes(6) + clock
    return jt808(LOCATION, device, serial, body + bytes((0x06, 1, battery)))


def jt808_answers(buffer: bytearray) -> Iterator[tuple[str, bytes]]:
    """The serial answered, and the code that a registration gives."""
    while (start := buffer.find(b"\x7e")) >= 0 and (end := buffer.find(b"\x7e", start + 1)) >= 0:
        inner = bytes(buffer[start + 1 : end]).replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
        del buffer[: end + 1]
        body = inner[12:-1]
        yield body[:2].hex(), body[3:] if int.from_bytes(inner[:2]) == REGISTERED else b""
