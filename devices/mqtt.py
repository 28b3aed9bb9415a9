"""The one door to the MQTT library: a broker's address, and clients that know how to keep a session."""

from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

__all__ = ["Client", "ConnectFlags", "DisconnectFlags", "MQTTMessage", "Properties", "ReasonCode"]

PROTOCOLS: Final = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
KEEPALIVE: Final = 30
SLOWEST_RECONNECT: Final = 10
AT_LEAST_ONCE: Final = 1
ONLY_IF_NEW: Final = 1  # retained messages come with a new subscription, not with every reconnect


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and how to speak to it: `mqtt[s]://user:password@host:port?protocol=3.1.1`."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    protocol: str = "5"
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> Self:
        parts = urlsplit(url)
        protocol = parse_qs(parts.query).get("protocol", ["5"])[0]
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or protocol not in PROTOCOLS:
            raise ValueError("a broker's address is mqtt://user:password@host:port, with ?protocol=5 or 3.1.1")
        tls = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=parts.port or (8883 if tls else 1883),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            protocol=protocol,
            tls=tls,
        )

    def of_account(self, username: str, password: str) -> Self:
        """The same broker, as somebody else."""
        return replace(self, username=username, password=password)

    def client(
        self, client_id: str, *, session_seconds: int = 0, window: int = 1000, manual_ack: bool = False
    ) -> Client:
        """A client that will connect by itself, for ever. With session seconds the broker keeps what it misses."""
        version = PROTOCOLS[self.protocol]
        v5 = version == MQTTProtocolVersion.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if v5 else session_seconds == 0,
            protocol=version,
            manual_ack=manual_ack,
        )
        if self.username:
            client.username_pw_set(self.username, self.password)
        if self.tls:
            client.tls_set()
        client.max_inflight_messages_set(window)
        client.reconnect_delay_set(min_delay=1, max_delay=SLOWEST_RECONNECT)
        properties = None
        if v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = session_seconds
            properties.ReceiveMaximum = window
        client.connect_async(
            self.host,
            self.port,
            keepalive=KEEPALIVE,
            clean_start=session_seconds == 0 if v5 else 3,
            properties=properties,
        )
        return client

    def subscribe(self, client: Client, topics: list[str]) -> int | None:
        """At least once; answers the id that the broker's answer will carry."""
        if self.protocol == "5":
            options = SubscribeOptions(qos=AT_LEAST_ONCE, retainHandling=ONLY_IF_NEW)
            return client.subscribe([(topic, options) for topic in topics])[1]
        return client.subscribe([(topic, AT_LEAST_ONCE) for topic in topics])[1]
