"""The doctor on the MQTT broker: does it keep what listeners miss, all of it, and does it bear a kill -9?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.cli.checks import broker_config, broker_probe
from app.cli.checks.broker_probe import A_WEEK, MANY, Behaviour
from app.cli.finding import Finding, ill, mind, well
from app.config import settings
from devices.mqtt import Address

SERVERS: Final = Path("/etc/mosquitto/mosquitto.conf")  # where Debian's package has it
USE: Final = "use Mosquitto with deploy/mosquitto.conf, or EMQX with deploy/emqx.md"


def broker() -> Iterator[Finding]:
    """Connect, leave, let a thousand messages be published meanwhile, come back: is everything there?"""
    url = settings().mqtt_url.get_secret_value()
    address = Address.of(url)
    remedy = "start it (`yinling demo`), or correct YINLING_MQTT_URL (mqtt://user:password@host:port)"
    try:
        seen = broker_probe.behaviour(address)
    except OSError as error:
        yield ill("broker", f"no connection to {address.host}:{address.port}: {error}", remedy)
        return
    yield from _behaves(address, seen)
    yield from _configuration(address)


def _behaves(address: Address, seen: Behaviour) -> Iterator[Finding]:
    faults = [*_loses(seen)]
    if not faults:
        yield well(
            "broker", f"{address.host}:{address.port} answers and keeps what a listener misses, {MANY} of {MANY}"
        )
    yield from faults
    if seen.strangers:
        yield ill("broker", "it lets clients in without a name or password", "in mosquitto.conf: allow_anonymous false")
    if seen.granted == 1 and seen.at_once < broker_config.ENOUGH_AT_ONCE:
        yield mind(
            "broker",
            f"it sends a listener only {seen.at_once} messages before it has an answer: a storm will wait",
            "max_inflight_messages 1000 (Mosquitto), mqtt.max_inflight = 1000 (EMQX)",
        )


def _loses(seen: Behaviour) -> Iterator[Finding]:
    if seen.granted < 1:
        answer = "refuses a listener's subscription" if seen.granted < 0 else "grants a listener QoS 0 only"
        yield ill("broker", f"it {answer}: nothing is kept for it", USE)
    elif not seen.session_kept:
        yield ill("broker", "it lost the session of a listener that was away", USE)
    elif seen.kept < MANY:
        yield ill(
            "broker",
            f"it kept {seen.kept} of {MANY} messages for a listener that was away: the others are lost",
            "max_queued_messages 0 and max_queued_bytes 0 (Mosquitto), mqtt.max_mqueue_len = infinity (EMQX)",
        )
    if seen.downgraded:
        yield ill("broker", f"{seen.downgraded} messages of QoS 1 came at QoS 0, which nobody repeats", USE)
    if seen.session_seconds is not None and seen.session_seconds < A_WEEK:
        yield mind(
            "broker",
            f"it keeps a listener's session for {seen.session_seconds / 3600:.0f} hours, not for the week it asks for",
            "persistent_client_expiration 14d (Mosquitto), mqtt.session_expiry_interval (EMQX)",
        )


def _configuration(address: Address) -> Iterator[Finding]:
    local = address.host in ("127.0.0.1", "localhost", "::1")
    files = [file for file in (settings().var_dir / "broker" / "mosquitto.conf", SERVERS) if local and file.exists()]
    for file in files:
        said = broker_config.read(file)
        if said.get("listener", said.get("port", "")).split()[:1] == [str(address.port)]:
            yield from _reads(file, said)
            return
    if address.protocol == "3.1.1" and local:
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


def _reads(file: Path, said: dict[str, str]) -> Iterator[Finding]:
    faults = [*broker_config.faults(said)]
    if not faults:
        yield well("broker", "its configuration bears a kill -9 (saved within a second of every change)")
    for fault in faults:
        value = said.get(fault.name, fault.default) or "is not set"
        yield ill("broker", f"{fault.name} {value}: {fault.otherwise}", f"in {file}: {fault.remedy}")
