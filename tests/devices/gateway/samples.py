"""Whole frames of every protocol, as devices send them; those that call for help carry the time they are given."""

from datetime import UTC, datetime
from typing import Final

from devices.codecs.checks import crc_x25, xor
from devices.gateway.protocols import dc09

IMEI: Final = "861234567890123"
WATCH: Final = "3011234567"
PHONE: Final = "013912345678"
ACCOUNT: Final = "4711"
BEFORE: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)


def gt06(kind: int, content: bytes, serial: int = 1) -> bytes:
    inner = bytes((len(content) + 5, kind)) + content + serial.to_bytes(2)
    return b"\x78\x78" + inner + crc_x25(inner).to_bytes(2) + b"\r\n"


def gt06_login(imei: str = IMEI, serial: int = 1) -> bytes:
    return gt06(0x01, bytes.fromhex("0" + imei), serial)


def gt06_sos(at: datetime = BEFORE, serial: int = 2) -> bytes:
    clock = bytes((at.year % 100, at.month, at.day, at.hour, at.minute, at.second))
    return gt06(0x16, clock + bytes.fromhex("c90359c4c00d085ff400145a0901cc00189c0004d2000604010200"), serial)


def jt808(kind: int, body: bytes = b"", serial: int = 1, phone: str = PHONE, *, wide: bool = False) -> bytes:
    head = bytes.fromhex(f"01{phone:0>20}") if wide else bytes.fromhex(phone)
    inner = kind.to_bytes(2) + (len(body) | wide << 14).to_bytes(2) + head + serial.to_bytes(2) + body
    inner += bytes((xor(inner),))
    return b"\x7e" + inner.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def jt808_sos(at: datetime = BEFORE, serial: int = 1, phone: str = PHONE) -> bytes:
    place = bytes.fromhex("000000010000000201dc89c0073d8aa40004000c005a") + bytes.fromhex(f"{at:%y%m%d%H%M%S}")
    return jt808(0x0200, place, serial, phone)


def watch(content: str, device: str = WATCH, index: str = "") -> bytes:
    return f"[3G*{device}*{index}{len(content):04X}*{content}]".encode()


def watch_sos(at: datetime = BEFORE, device: str = WATCH) -> bytes:
    place = "A,31.230400,N,121.473700,E,0.50,90.0,4.0,9,80,64,1200,0,00010000,1,1,460,0,6300,1234,130"
    return watch(f"AL,{at:%d%m%y,%H%M%S},{place}", device)


def iwap_sos(at: datetime = BEFORE) -> bytes:
    place = f"A3113.8240N12128.4220E000.4{at:%H%M%S}090.00060009075000000"
    return f"IWAP10{at:%y%m%d}{place},460,0,6300,1234,01,zh-cn,00#".encode()


def h02_sos(at: datetime = BEFORE, device: str = WATCH) -> bytes:
    place = "A,3113.8240,N,12128.4220,E,000.40,090"
    return f"*HQ,{device},V1,{at:%H%M%S},{place},{at:%d%m%y},FFFFFFFD,460,00,6300,1234,6#".encode()


def dc09_sos(at: datetime = BEFORE, sequence: int = 7, account: str = ACCOUNT) -> bytes:
    return dc09.framed(f'"ADM-CID"{sequence:04d}L0#{account}[#{account}|1101 00 003]_{at:%H:%M:%S,%m-%d-%Y}')


def dc09_sealed(key: str, at: datetime, sequence: int = 8, account: str = ACCOUNT) -> bytes:
    inside = f"#{account}|Nri1/PA12]_{at:%H:%M:%S,%m-%d-%Y}"
    return dc09.framed(f'"*SIA-DCS"{sequence:04d}L0#{account}[{dc09.sealed(inside, key)}')


H02_BINARY: Final = bytes.fromhex("2430112345670800000103263113824050121284220e000090ffffffff000102")
VOICE: Final = watch("TK,#!AMR]*[3G*]7")
GT06_WIDE: Final = b"\x79\x79\x00\x0f\x94\x00" + b"x" * 9 + b"\x00\x04\x00\x00\r\n"  # with the sum some makers send
ALL: Final[dict[str, list[bytes]]] = {
    "3g": [
        watch("LK,50,3,77"),
        watch_sos(),
        watch("bphrt,131,84,66", index="0001*"),
        VOICE,
        watch("UD,010326,080000,A,33.4,S,70.7,W,0,0,0,9,80,64,0,0,00000000,0,0"),
    ],
    "iwap": [b"IWAP00861234567890123#", b"IWAP03,060009077,0,0#", iwap_sos(), b"IWAPHT,66,131,84#"],
    "gt06": [
        gt06_login(),
        gt06(0x23, bytes.fromhex("04019c040002"), 3),
        gt06_sos(),
        GT06_WIDE,
    ],
    "h02": [b"*HQ,3011234567,HTBT,77#", h02_sos(), H02_BINARY, b"*HQ,3011234567,V0#"],
    "jt808": [jt808(0x0002), jt808_sos(), jt808(0x0102, b"\x7e\x7d\x02~}", 9), jt808(0x0002, wide=True)],
    "dc09": [dc09_sos(), dc09.framed('"NULL"0000R0L0#4711[]'), dc09_sealed("00" * 16, BEFORE)],
}  # fmt: skip
