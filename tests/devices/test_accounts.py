"""Accounts of devices on a real Mosquitto: dynamic security and the password file, issued, rotated, revoked, killed."""

import json
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices import accounts, broker
from devices.accounts import Login, Unreachable, dynsec
from devices.broker import CHANNELS, Account, Role
from devices.mqtt import Address, Client
from tests.devices.conftest import Broker, free_port, until

pytestmark = pytest.mark.alone
ADMIN = Account("admin", "adm-secret")
PEOPLE = [Account("platform", "p-secret", Role.PLATFORM), Account("gateway", "g-secret", Role.GATEWAY)]
CONTROL = "$CONTROL/dynamic-security/v1"


@dataclass
class House:
    """A broker and the address of whoever keeps its accounts."""

    broker: Broker
    keeper: str

    def login(self, name: str, password: str) -> "Someone":
        """Connected, or refused: in the end it is known which."""
        return Someone(Address.of(f"mqtt://{name}:{password}@127.0.0.1:{self.broker.port}"))

    def may_come_in(self, name: str, password: str) -> bool:
        someone = self.login(name, password)
        someone.close()
        return someone.let_in


class Someone:
    """A client that remembers whether it was let in, what it heard, and when the line went dead."""

    def __init__(self, address: Address, *, tls: ssl.SSLContext | None = None) -> None:
        self.let_in, self.hung_up = False, threading.Event()
        self.heard: list[str] = []
        self.answers: dict[int, bool] = {}
        known = threading.Event()

        def connected(_client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if not known.is_set():  # the client connects again by itself; the first answer counts
                self.let_in = not reason.is_failure
                known.set()

        def disconnected(*_: Any) -> None:
            self.hung_up.set()
            known.set()  # a refused certificate ends the line before anything is said

        self.client = address.client(f"test-{address.username}")
        self.client.reconnect_delay_set(min_delay=0.01, max_delay=0.01)  # type: ignore[arg-type]
        self.client.on_connect = connected
        self.client.on_disconnect = disconnected
        self.client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        self.client.on_publish = lambda _c, _d, mid, reason, _p: self._note(mid, reason)
        self.client.on_subscribe = lambda _c, _d, mid, reasons, _p: self._note(mid, reasons[0])
        if tls:
            self.client.tls_set_context(tls)
        self.client.loop_start()
        assert known.wait(20)

    def _note(self, mid: int, reason: Any) -> None:
        self.answers[mid] = not reason.is_failure

    def publishes(self, topic: str, body: bytes = b"{}") -> bool:
        """Whether the broker takes it. With the plugin Mosquitto hangs up on whoever says what it may not."""
        mid = self.client.publish(topic, body, qos=1).mid
        until(lambda: mid in self.answers or self.hung_up.is_set())
        return self.answers.get(mid, False)

    def may_subscribe(self, *topics: str) -> set[str]:
        asked = {topic: self.client.subscribe(topic, 1)[1] or 0 for topic in topics}
        until(lambda: self.answers.keys() >= {*asked.values()})
        return {topic for topic, mid in asked.items() if self.answers[mid]}

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def with_plugin(folder: Path) -> House:
    if broker.executable() is None or dynsec.plugin() is None:
        assert "CI" not in os.environ, "mosquitto or its dynamic security plugin is missing"
        pytest.skip("mosquitto or its dynamic security plugin is not installed")
    port = free_port()
    dynsec.write(folder, port=port, accounts=PEOPLE, admin=ADMIN)
    return House(Broker(broker.command(folder), port, "5", keeps=True), f"mqtt://admin:adm-secret@127.0.0.1:{port}")


def with_password_file(folder: Path) -> House:
    if broker.executable() is None:
        assert "CI" not in os.environ, "mosquitto is missing"
        pytest.skip("mosquitto is not installed")
    port = free_port()
    config = broker.write(folder, port=port, accounts=PEOPLE)
    config.write_text(config.read_text() + f"pid_file {folder / 'pid'}\n")
    return House(
        Broker(broker.command(folder), port, "5", keeps=True), f"file://{folder / 'passwords'}?pid={folder / 'pid'}"
    )


@pytest.fixture(params=[with_plugin, with_password_file], ids=["dynsec", "password file"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    make: Callable[[Path], House] = request.param
    made = make(tmp_path)
    made.broker.start()
    yield made
    made.broker.kill()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[House]:
    made = with_plugin(tmp_path)
    made.broker.start()
    yield made
    made.broker.kill()


def a_login(name: str, password: str) -> Login:
    return Login(name, password, broker.hashed(password))


def put(house: House, *logins: Login) -> None:
    with accounts.keeper(house.keeper) as keeper:
        assert keeper.put(logins) == {}


def remove(house: House, *names: str) -> None:
    with accounts.keeper(house.keeper) as keeper:
        assert keeper.remove(names) == {}


def test_no_device_speaks_or_hears_for_another(house: House) -> None:
    """Every topic there is, by device A against device B; and then what A really gets to hear."""
    put(house, a_login("anna", "a-1"), a_login("bela", "b-1"))
    bela, platform = house.login("bela", "b-1"), house.login("platform", "p-secret")
    platform.may_subscribe("#")
    words = (*CHANNELS, "ack", "cmd")
    others = [f"care/v1/{name}/{word}" for name in ("bela", "Anna", "anna2", "") for word in words]
    others += ["care/v1/anna/ack", "care/v1/anna/cmd", "care/v1/anna/event/more", "care/v1/anna", "zigbee2mqtt/anna"]
    for topic in [*others, "application/1/device/anna/event/up", "x"]:
        anna = house.login("anna", "a-1")
        assert not anna.publishes(topic), topic
        anna.close()
    anna = house.login("anna", "a-1")
    anna.may_subscribe("#", "+/+/+/+", "care/v1/#", "care/v1/+/ack", "care/v1/anna/#", "care/v1/anna/ack", *others)
    assert all(bela.publishes(f"care/v1/bela/{channel}") for channel in CHANNELS)
    assert all(platform.publishes(f"care/v1/{name}/{word}") for name in ("bela", "anna") for word in ("ack", "cmd"))
    assert all(anna.publishes(f"care/v1/anna/{channel}") for channel in CHANNELS)
    heard = {f"care/v1/{name}/{channel}" for name in ("anna", "bela") for channel in CHANNELS}
    until(lambda: len(anna.heard) > 1 and heard <= {*platform.heard})
    assert {*anna.heard} == {"care/v1/anna/ack", "care/v1/anna/cmd"}
    assert {topic for topic in platform.heard if not topic.endswith(("ack", "cmd"))} == heard
    for someone in (anna, bela, platform):
        someone.close()


def test_no_device_makes_accounts(house: House) -> None:
    """A platform account may not either."""
    put(house, a_login("anna", "a-1"))
    command = {"command": "createClient", "username": "mallory", "password": "m"}
    for name, password in (("anna", "a-1"), ("platform", "p-secret"), ("gateway", "g-secret")):
        someone = house.login(name, password)
        assert not someone.publishes(CONTROL, json.dumps({"commands": [command]}).encode())
        someone.close()
    with accounts.keeper(house.keeper) as keeper:
        assert "mallory" not in keeper.names()
    assert not house.may_come_in("mallory", "m")


def test_a_rotated_password_shuts_out_the_old_one_and_a_revoked_device_is_hung_up_on(house: House) -> None:
    put(house, a_login("anna", "first"), a_login("bela", "b-1"))
    anna, bela = house.login("anna", "first"), house.login("bela", "b-1")
    assert anna.let_in and bela.let_in
    put(house, a_login("anna", "second"))
    assert anna.hung_up.wait(20)
    anna.close()
    assert not house.may_come_in("anna", "first")
    again = house.login("anna", "second")
    assert again.let_in
    remove(house, "anna")
    remove(house, "anna", "nobody")
    assert again.hung_up.wait(20)
    again.close()
    assert not house.may_come_in("anna", "second")
    assert not bela.hung_up.is_set()
    bela.close()
    with accounts.keeper(house.keeper) as keeper:
        assert {"bela"} <= keeper.names() <= {"bela", "platform", "gateway"}


def test_accounts_outlive_a_killed_broker(house: House) -> None:
    put(house, a_login("anna", "a-1"), a_login("bela", "b-1"))
    remove(house, "bela")
    house.broker.kill()
    house.broker.start()
    assert house.may_come_in("anna", "a-1") and house.may_come_in("platform", "p-secret")
    assert not house.may_come_in("bela", "b-1")


def test_a_device_with_a_certificate_has_rights_and_no_password(secured: House) -> None:
    put(secured, Login("anna"))
    assert not secured.may_come_in("anna", "") and not secured.may_come_in("anna", "anna")
    with accounts.keeper(secured.keeper) as keeper:
        assert keeper.names() == {"anna"}


def test_a_broker_that_is_down_and_an_account_without_the_right_say_so(secured: House) -> None:
    put(secured, a_login("anna", "a-1"))
    for name, password in (("anna", "a-1"), ("admin", "wrong"), ("platform", "p-secret")):
        address = f"mqtt://{name}:{password}@127.0.0.1:{secured.broker.port}"
        with pytest.raises(Unreachable), accounts.keeper(address) as keeper:
            keeper.names()


def test_a_lost_file_is_made_again_from_the_hashes_of_the_register(secured: House, tmp_path: Path) -> None:
    put(secured, a_login("anna", "a-1"))
    secured.broker.kill()
    file = tmp_path / "accounts-of-devices.json"
    file.unlink()
    broker.secret_file(file, dynsec.document(PEOPLE, [("anna", broker.hashed("a-1"))], ADMIN))
    secured.broker.start()
    anna = secured.login("anna", "a-1")
    assert anna.let_in and anna.publishes("care/v1/anna/event") and not anna.publishes("care/v1/bela/event")
    anna.close()


def test_names_that_are_no_names_get_no_account(house: House) -> None:
    with accounts.keeper(house.keeper) as keeper:
        assert set(keeper.put([a_login("anna/#", "x"), a_login("+", "x"), a_login("a:b\nplatform", "x")])) == {
            "anna/#", "+", "a:b\nplatform",
        }  # fmt: skip
        assert keeper.names() <= {"platform", "gateway"}


def test_the_password_file_is_reread_by_a_broker_that_nobody_named(tmp_path: Path) -> None:
    """Without a pid file somebody else sends the signal."""
    made = with_password_file(tmp_path)
    made.broker.start()
    try:
        with accounts.keeper(made.keeper.partition("?")[0]) as keeper:
            keeper.put([a_login("anna", "a-1")])
        assert made.broker.process
        made.broker.process.send_signal(signal.SIGHUP)
        until(lambda: made.may_come_in("anna", "a-1"))
    finally:
        made.broker.kill()
