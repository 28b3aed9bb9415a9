"""What every LoRaWAN payload comes with: port, model, the device's EUI. The register says which model a device is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.codecs import meaning, reading
from devices.codecs.frame import Frame
from devices.signals import BadPayload, Kind, Message, Signal

MOST: Final = 242  # bytes in an uplink


@dataclass(frozen=True, slots=True)
class Uplink:
    """One frame's application payload."""

    frame: Frame
    port: int | None
    model: str  # upper case; empty where nobody knows
    device: str | None

    @classmethod
    def of(cls, message: Message) -> "Uplink":
        if not 0 < len(message.payload) <= MOST:
            raise BadPayload(f"{len(message.payload)} bytes in an uplink")
        port = message.meta.get("fPort")
        device = message.meta.get("device")
        model = message.meta.get("model")
        return cls(
            Frame(message.payload),
            port if isinstance(port, int) and not isinstance(port, bool) else None,
            str(model or "").upper(),
            str(device) if device is not None else None,
        )

    def on(self, *ports: int) -> None:
        """Refuses other ports: the same bytes mean something else there. A port nobody tells is let pass."""
        if self.port is not None and self.port not in ports:
            raise BadPayload(f"unknown fPort {self.port}")

    def says(
        self,
        readings: Mapping[str, Any],
        *alarms: Kind,
        kind: Kind | None = None,
        battery: Any = None,
        history: bool = False,
        **place: Any,
    ) -> list[Signal]:
        """The signals of these readings: the alarms that are true now, or what they are about."""
        kinds = meaning.ranked(list(alarms)) or [kind or meaning.about(readings)]
        lat, lon = reading.place(place.get("lat"), place.get("lon"))
        return [
            Signal(
                found,
                self.device,
                lat=lat,
                lon=lon,
                battery=reading.percent(battery),
                readings=dict(readings) | ({} if self.port is None else {"fPort": self.port}),
                history=history,
            )
            for found in kinds
        ]
