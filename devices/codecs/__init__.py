"""The register of codecs: one pure module per family, each with `FAMILY`, `claims(message)` and `decode(message)`."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final, Protocol

from devices.codecs import (
    ble_bthome,
    ble_gatt_vitals,
    ble_theengs,
    ble_xiaomi,
    care_v1,
    chirpstack_event,
    fhir_observation,
    gps_watch_3g,
    gps_watch_trv,
    gt06_tracker,
    h02_tracker,
    jt808_terminal,
    lorawan_abeeway,
    lorawan_browan,
    lorawan_dragino,
    lorawan_elsys,
    lorawan_mclimate,
    lorawan_milesight,
    lorawan_netvox,
    lorawan_sept_s,
    lorawan_tektelic,
    lorawan_yobiiq,
    other_tracker_alarm,
    personal_alarm,
    personal_tracker,
    scaip,
    shelly,
    sia_dc09,
    tasmota,
    thingsboard,
    traccar,
    wristband,
    zigbee2mqtt,
)
from devices.signals import BadPayload, Message, Signal


class Codec(Protocol):
    """What a family's module offers."""

    FAMILY: str

    def claims(self, message: Message) -> bool:
        """Whether the transport alone says that this message is of the family."""
        ...

    def decode(self, message: Message) -> list[Signal]:
        """What the message says; raises BadPayload. Nothing at all is an empty list."""
        ...


CODECS: Final[Mapping[str, Codec]] = {
    codec.FAMILY: codec
    for codec in (
        care_v1,
        zigbee2mqtt,
        ble_bthome,
        ble_gatt_vitals,
        ble_theengs,
        ble_xiaomi,
        chirpstack_event,
        fhir_observation,
        gps_watch_3g,
        gps_watch_trv,
        gt06_tracker,
        h02_tracker,
        jt808_terminal,
        lorawan_abeeway,
        lorawan_browan,
        lorawan_dragino,
        lorawan_elsys,
        lorawan_mclimate,
        lorawan_milesight,
        lorawan_netvox,
        lorawan_sept_s,
        lorawan_tektelic,
        lorawan_yobiiq,
        other_tracker_alarm,
        personal_alarm,
        personal_tracker,
        scaip,
        shelly,
        sia_dc09,
        tasmota,
        thingsboard,
        traccar,
        wristband,
    )
}


def family_of(message: Message) -> str | None:
    """The family whose transport this is (topic, port, content type), or None where the transport does not tell."""
    return next((family for family, codec in CODECS.items() if codec.claims(message)), None)


def decode(message: Message, family: str | None = None) -> list[Signal]:
    """The signals in a message. Raises BadPayload, and nothing else, whatever the bytes are."""
    family = family or family_of(message)
    if family is None or family not in CODECS:
        raise BadPayload(f"no codec for {family or message.topic or message.transport}")
    signals = CODECS[family].decode(message)
    return [signal if signal.event_id or signal.repeat else _numbered(signal, message) for signal in signals]


def _numbered(signal: Signal, message: Message) -> Signal:
    """A signal without an id is the same as another when device, kind and bytes are."""
    content = b"\0".join((str(signal.device).encode(), signal.kind.encode(), message.payload))
    return replace(signal, repeat=sha256(content).hexdigest()[:32])
