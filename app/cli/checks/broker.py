"""The doctor on the MQTT broker: does it really keep what a listener misses, and does it bear a kill -9?"""

import secrets
import time
from collections.abc import Callable, Iterator

from app.cli.finding import Finding, ill, mind, well
from app.config import settings
from devices.mqtt import Address, Client

PATIENCE = 5.0
SAFE = {"persistence": "true", "autosave_on_changes": "true", "autosave_interval": "1", "allow_anonymous": "false"}


def broker() -> Iterator[Finding]:
    """Connect, leave, let something be published meanwhile, come back: is it there?"""
    url = settings().mqtt_url.get_secret_value()
    address = Address.of(url)
    remedy = "start it (`yinling demo`), or correct YINLING_MQTT_URL (mqtt://user:password@host:port)"
    try:
        kept, came = keeps(address)
    except OSError as error:
        yield ill("broker", f"no connection to {address.host}:{address.port}: {error}", remedy)
        return
    if kept and came:
        yield well("broker", f"{address.host}:{address.port} answers and keeps what a listener misses")
    else:
        lost = "the message it should have kept" if kept else "the session"
        yield ill("broker", f"it lost {lost}", "use Mosquitto with deploy/mosquitto.conf, or EMQX with deploy/emqx.md")
    yield from _persistence(address)


def keeps(address: Address) -> tuple[bool, bool]:
    """Whether the broker keeps a session, and what was published meanwhile."""
    name = f"doctor-{secrets.token_hex(4)}"
    topic, word = f"care/v1/{name}/ack", secrets.token_bytes(8)
    heard: list[bytes] = []
    present: list[bool] = []
    granted: list[int] = []

    def listener(seconds: int) -> Client:
        client = address.client(name, session_seconds=seconds)
        client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
        client.on_connect = lambda _client, _data, flags, _reason, _properties: present.append(flags.session_present)
        client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: granted.append(mid)
        return client

    first = listener(60)
    _connect(first)
    address.subscribe(first, [topic])
    _turn(first, lambda: bool(granted))
    _leave(first)
    speaker = address.client(f"{name}-speaker")
    _connect(speaker)
    sent = speaker.publish(topic, word, qos=1)
    _turn(speaker, sent.is_published)
    _leave(speaker)
    second = listener(60)
    _connect(second)
    _turn(second, lambda: word in heard)
    _leave(second)
    last = listener(0)  # with a clean start the broker forgets the session
    _connect(last)
    _leave(last)
    return present[1], word in heard


def _connect(client: Client) -> None:
    client.reconnect()
    _turn(client, client.is_connected)
    if not client.is_connected():
        raise ConnectionRefusedError("it does not accept this name and password")


def _turn(client: Client, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < deadline:
        if client.loop(0.05):
            return


def _leave(client: Client) -> None:
    client.disconnect()
    client.loop(0.1)


def _persistence(address: Address) -> Iterator[Finding]:
    config = settings().var_dir / "broker" / "mosquitto.conf"
    local = address.host in ("127.0.0.1", "localhost", "::1")
    text = config.read_text() if local and config.exists() else ""
    lines = dict(line.split(maxsplit=1) for line in text.splitlines() if " " in line)
    if lines.get("listener", "").split()[:1] == [str(address.port)]:
        wrong = [f"{name} {value}" for name, value in SAFE.items() if lines.get(name) != value]
        if wrong:
            yield ill("broker", "a kill -9 would lose acknowledged messages", f"in {config}: {', '.join(wrong)}")
        else:
            yield well("broker", "its configuration bears a kill -9 (saved within a second of every change)")
    elif address.protocol == "3.1.1" and local:
        yield mind(
            "broker",
            "the embedded broker keeps everything in memory: when it ends, unheard alarms are gone",
            "for real devices install Mosquitto (sudo apt-get install mosquitto) and start again",
        )
    else:
        yield mind(
            "broker",
            "whether it bears a kill -9 cannot be seen from here",
            "compare its configuration with deploy/mosquitto.conf or deploy/emqx.md",
        )
