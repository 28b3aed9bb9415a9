"""SIA DC-09 as a receiver, over TCP and UDP (ANSI/SIA DC-09-2021; frames as in `devices.codecs.sia_dc09`).

    LF CRC(4) length(4) "SIA-DCS" sequence(4) Rreceiver Lprefix #account [data] … _HH:MM:SS,MM-DD-YYYY CR

    "ACK" stored      "DUH" not to be understood      "NAK" its clock is off: the answer carries ours
    a wrong sum: stored, for it may be a call for help; but no answer, and the dialler says it again

What is encrypted (AES-CBC, a `*` before the name) must carry a time between 40 s behind and 20 s ahead of ours, or
somebody could play an old call again; it is answered encrypted.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.codecs import sia_dc09
from devices.codecs.checks import crc_arc
from devices.gateway.frames import by_length
from devices.gateway.orders import Order
from devices.gateway.talk import Link, Said
from devices.signals import BadPayload, Message, Signal

NAME: Final = "dc09"
FAMILY: Final = sia_dc09.FAMILY
PORT: Final = 5112
UDP: Final = True
STAYS: Final = False
LONGEST: Final = 4096
HEAD: Final = 9  # LF, CRC, length
CR: Final = 0x0D
BEHIND, AHEAD = timedelta(seconds=40), timedelta(seconds=20)
FRAME: Final = re.compile(
    r'"(?P<secret>\*?)(?P<name>[A-Z0-9-]{3,10})"(?P<sequence>\d{4})(?P<receiver>(?:R[0-9A-F]{1,6})?)'
    r"(?P<prefix>L[0-9A-F]{1,6})(?:#(?P<account>[0-9A-F]{3,16}))?\["
)
PURPOSE: Final = "dc09"  # of the secret that is a dialler's key
PADDING: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def cut(data: bytearray) -> tuple[int, int]:
    """Up to the CR, which may still be on its way."""
    return by_length(data, _starts(data), _end, _sound, held=0)


def _starts(data: bytearray) -> Iterator[int]:
    at = data.find(b"\n")
    while at >= 0:
        yield at
        at = data.find(b"\n", at + 1)


def _end(data: bytearray, start: int) -> int | None:
    head = bytes(data[start + 1 : start + HEAD])
    if not re.fullmatch(rb"[0-9A-Fa-f]*", head):
        return 0
    if len(head) < HEAD - 1:
        return None
    end = start + HEAD + int(head[4:], 16)
    if end - start > LONGEST or data[start + HEAD : start + HEAD + 1].strip(b'"'):
        return 0
    return end if end >= len(data) or _sound(data[start:end]) or data[end] == CR else 0


def _sound(frame: bytearray) -> bool:
    return crc_arc(bytes(frame[HEAD:])) == int(frame[1:5], 16)


def key_of(link: Link, account: str) -> str:
    """The dialler's key: 128 bits, in hexadecimal."""
    return link.secret(PURPOSE, account)[:32]


def read(frame: bytes, link: Link, now: datetime) -> Said:
    text = frame.decode("latin-1").strip("\r\n")
    found = FRAME.match(text, HEAD - 1)
    if found is None:
        return Said(keep=False)
    account = found["account"] or ""
    key = key_of(link, account) if found["secret"] else None
    try:
        signals = sia_dc09.decode(Message("", frame, meta={"key": key}))
    except BadPayload as bad:
        return Said(account or None, reply=_reply("DUH", found, None, now), refused=bad.reason)
    device = next((signal.device for signal in signals if signal.device), account) or None
    if key and not _is_timely(signals[0].at, now):
        return Said(device, reply=_nak(now), refused="encrypted, and its time is off: it may be an old call")
    meta = {"key": key} if key else {}
    reply = _reply("ACK", found, key, now) if _sound(bytearray(frame)) else b""
    return Said(device, reply=reply, number=_number(found["sequence"], signals), meta=meta)


def _number(sequence: str, signals: Sequence[Signal]) -> str:
    """A repeat has its sequence and says the same, with another time."""
    said = [f"{s.kind} {s.readings.get('code')} {s.readings.get('zone')}" for s in signals]
    return " ".join([sequence, *said])


def _is_timely(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - BEHIND <= at <= now + AHEAD


def write(order: Order, link: Link, now: datetime) -> tuple[str, bytes] | None:
    """Diallers take no orders."""
    return None


def _reply(word: str, found: re.Match[str], key: str | None, now: datetime) -> bytes:
    account = f"#{found['account']}" if found["account"] else ""
    address = f"{found['sequence']}{found['receiver']}{found['prefix']}{account}["
    if key is None:
        return framed(f'"{word}"{address}]')
    return framed(f'"*{word}"{address}{sealed(f"]{_clock(now)}", key)}')


def _nak(now: datetime) -> bytes:
    return framed(f'"NAK"0000R0L0A0[]{_clock(now)}')


def _clock(now: datetime) -> str:
    return f"_{now:%H:%M:%S,%m-%d-%Y}"


def framed(content: str) -> bytes:
    """With sum and length before it."""
    body = content.encode("latin-1")
    return f"\n{crc_arc(body):04X}{len(body):04X}{content}\r".encode("latin-1")


def sealed(tail: str, key: str) -> str:
    """Padding of chance, a bar and what must not be read, encrypted; in hexadecimal."""
    room = -(len(tail) + 1) % 16
    plain = "".join(secrets.choice(PADDING) for _ in range(room)) + "|" + tail
    cipher = Cipher(algorithms.AES(bytes.fromhex(key)), modes.CBC(bytes(16))).encryptor()
    return (cipher.update(plain.encode("latin-1")) + cipher.finalize()).hex().upper()
