"""Checksums of the wire, and what becomes of a call for help whose checksum is wrong."""

from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from devices.signals import Kind, Signal


def xor(content: Iterable[int]) -> int:
    """JT/T 808: all bytes, one over another."""
    found = 0
    for byte in content:
        found ^= byte
    return found


def _table(polynomial: int) -> tuple[int, ...]:
    """What each byte does to a CRC that runs from the low bit."""
    found = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ polynomial if crc & 1 else crc >> 1
        found.append(crc)
    return tuple(found)


X25: Final = _table(0x8408)
ARC: Final = _table(0xA001)


def crc_x25(content: bytes) -> int:
    """CRC-16/X-25, which makers call CRC-ITU."""
    crc = 0xFFFF
    for byte in content:
        crc = crc >> 8 ^ X25[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF


def crc_arc(content: bytes) -> int:
    """CRC-16/ARC of SIA DC-09."""
    crc = 0
    for byte in content:
        crc = crc >> 8 ^ ARC[(crc ^ byte) & 0xFF]
    return crc


def crc_xmodem(content: bytes) -> int:
    """CRC-16/XMODEM, from the high bit."""
    return crc_hqx(content, 0)


def doubted(signal: Signal) -> Signal:
    """The checksum is wrong: it says so, and an SOS rings as an alarm of unknown kind. A call for help is never lost
    to a maker's careless firmware, and a damaged byte never becomes an SOS."""
    kind = Kind.OTHER_ALARM if signal.kind is Kind.SOS else signal.kind
    return replace(signal, kind=kind, readings={**signal.readings, "checksum": False})
