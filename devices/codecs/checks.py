"""Checksums of the wire, and what becomes of a call for help whose checksum is wrong."""

from collections.abc import Iterable
from dataclasses import replace

from devices.signals import Kind, Signal


def xor(content: Iterable[int]) -> int:
    """JT/T 808: all bytes, one over another."""
    found = 0
    for byte in content:
        found ^= byte
    return found


def crc_x25(content: bytes) -> int:
    """CRC-16/X-25, which makers call CRC-ITU."""
    return _reflected(content, 0x8408, 0xFFFF) ^ 0xFFFF


def crc_arc(content: bytes) -> int:
    """CRC-16/ARC of SIA DC-09."""
    return _reflected(content, 0xA001, 0)


def crc_xmodem(content: bytes) -> int:
    crc = 0
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def _reflected(content: bytes, polynomial: int, crc: int) -> int:
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ polynomial if crc & 1 else crc >> 1
    return crc


def doubted(signal: Signal) -> Signal:
    """The checksum is wrong: it says so, and an SOS rings as an alarm of unknown kind. A call for help is never lost
    to a maker's careless firmware, and a damaged byte never becomes an SOS."""
    kind = Kind.OTHER_ALARM if signal.kind is Kind.SOS else signal.kind
    return replace(signal, kind=kind, readings={**signal.readings, "checksum": False})
