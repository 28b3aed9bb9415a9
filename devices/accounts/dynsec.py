"""Mosquitto's dynamic security plugin, spoken to over `$CONTROL/dynamic-security/v1` (public source: mosquitto.org).

    → {"commands": [{"command": "createClient", "username": …, "password": …, "correlationData": …}, …]}
    ← {"responses": [{"command": "createClient", "correlationData": …, "error"?: "Client already exists"}, …]}

The plugin of Mosquitto 2.0 knows no `%u`, so every device has a role of its own name. It writes its whole file on every
command, while everybody else waits: commands go out one account at a time, and a large fleet takes the password file or
EMQX instead (docs/operations.md has the figures).
"""

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from devices.accounts import Login, Unreachable
from devices.broker import BRIDGES, CHANNELS, NAME, Account, Role, configure, hashed, secret_file
from devices.mqtt import Address, Client, MQTTMessage

CONTROL: Final = "$CONTROL/dynamic-security/v1"
PATIENCE: Final = 10.0  # seconds for one answer
PLUGIN: Final = "mosquitto_dynamic_security.so"
PLACES: Final = ("usr/lib", "usr/lib/*-linux-*", "usr/lib64", "usr/local/lib", "opt/homebrew/lib")
DEVICE: Final = "device:"
DENY: Final = dict.fromkeys(("publishClientSend", "publishClientReceive", "subscribe"), False) | {"unsubscribe": True}


def rights(name: str, role: Role = Role.DEVICE) -> list[dict[str, Any]]:
    """What an account may do: a list of the plugin's ACLs. What is not in it is forbidden."""
    if role is Role.PLATFORM:
        say, hear, wild = [f"care/v1/+/{word}" for word in ("ack", "cmd")], ["#"], True
    elif role is Role.GATEWAY:
        say = [*[f"care/v1/+/{channel}" for channel in CHANNELS], *BRIDGES]
        hear, wild = [*[f"care/v1/+/{word}" for word in ("ack", "cmd")], *BRIDGES], True
    else:
        say = [f"care/v1/{name}/{channel}" for channel in CHANNELS]
        hear, wild = [f"care/v1/{name}/{word}" for word in ("ack", "cmd")], False
    subscribe = "subscribePattern" if wild else "subscribeLiteral"
    return [
        *[_acl("publishClientSend", topic) for topic in say],
        *[_acl(kind, topic) for topic in hear for kind in (subscribe, "publishClientReceive")],
    ]


def _acl(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def document(accounts: Sequence[Account], devices: Sequence[tuple[str, str]], admin: Account) -> str:
    """The plugin's whole file, for a broker that starts: platform, bridges, and devices by name and password hash.

    Made from the hashes that the register keeps, it is also the way back after the file was lost.
    """
    control = [
        _acl(kind, "$CONTROL/dynamic-security/#")
        for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]
    people = [(account.name, hashed(account.password), account.name) for account in accounts]
    people += [(name, its, f"{DEVICE}{name}") for name, its in devices]
    clients = [_client(admin.name, hashed(admin.password), "admin"), *[_client(*person) for person in people]]
    roles = [{"rolename": "admin", "acls": control}]
    roles += [{"rolename": account.name, "acls": rights(account.name, account.role)} for account in accounts]
    roles += [{"rolename": f"{DEVICE}{name}", "acls": rights(name)} for name, _ in devices]
    return json.dumps({"clients": clients, "roles": roles, "defaultACLAccess": DENY}, indent=1)


def _client(name: str, its: str, role: str) -> dict[str, Any]:
    _, _, rounds, salt, digest = its.split("$")
    return {
        "username": name, "password": digest, "salt": salt, "iterations": int(rounds), "roles": [{"rolename": role}],
    }  # fmt: skip


def plugin() -> Path | None:
    """The plugin of this machine's Mosquitto."""
    return next((file for place in PLACES for file in sorted(Path("/").glob(f"{place}/{PLUGIN}"))), None)


def write(folder: Path, *, port: int, accounts: Sequence[Account], admin: Account, address: str = "127.0.0.1") -> None:
    """Writes a broker's configuration, and the plugin's file where there is none yet: the devices in it stay."""
    file, its = folder.resolve() / "accounts-of-devices.json", plugin()
    if its is None:
        raise FileNotFoundError(f"there is no {PLUGIN}")
    lines = ["per_listener_settings false", f"plugin {its}", f"plugin_opt_config_file {file}"]
    configure(folder, port=port, accounts=lines, address=address)
    if not file.exists():
        secret_file(file, document(accounts, [], admin))


@contextmanager
def connected(address: Address) -> Iterator["DynSec"]:
    """The plugin of this broker; the address carries an administrator's name and password."""
    client = address.client(f"yinling-accounts-{secrets.token_hex(4)}")
    made = DynSec(client)
    try:
        client.loop_start()
        made.wait_until_heard()
        yield made
    finally:
        client.disconnect()
        client.loop_stop()


class DynSec:
    """One connection to the plugin."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answers: dict[str, dict[str, Any]] = {}
        self._news = threading.Condition()
        self._ready, self._refused = False, ""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def wait_until_heard(self) -> None:
        """Returns once the answers will come; raises Unreachable."""
        with self._news:
            self._news.wait_for(lambda: self._ready or self._refused, PATIENCE)
        if not self._ready:
            raise Unreachable(self._refused or "the broker does not answer")

    def put(self, logins: Sequence[Login]) -> Mapping[str, str]:
        """As `Keeper.put`."""
        return self._each(logins, self._put)

    def remove(self, names: Sequence[str]) -> Mapping[str, str]:
        """As `Keeper.remove`. The plugin hangs up on a client that it deletes."""
        return self._each([Login(name) for name in names], self._remove)

    def names(self) -> set[str]:
        """As `Keeper.names`."""
        answer = self._ask({"command": "listRoles", "count": -1, "offset": 0})
        roles = {str(name) for name in answer["data"]["roles"]}
        answer = self._ask({"command": "listClients", "count": -1, "offset": 0})
        return {str(name) for name in answer["data"]["clients"] if f"{DEVICE}{name}" in roles}

    def _each(self, logins: Sequence[Login], act: Callable[[Login], str]) -> Mapping[str, str]:
        troubles = {}
        for login in logins:
            if not NAME.fullmatch(login.name):
                troubles[login.name] = "no name for an account"
            elif trouble := act(login):
                troubles[login.name] = trouble
        return troubles

    def _put(self, login: Login) -> str:
        role = f"{DEVICE}{login.name}"
        # Nobody knows the password of an account that is there for a certificate.
        secret = {"password": login.password or secrets.token_urlsafe(32), "roles": [{"rolename": role}]}
        made = {"rolename": role, "acls": rights(login.name)}
        if "already exists" in (trouble := self._do({"command": "createRole", **made})):
            trouble = self._do({"command": "modifyRole", **made})
        if trouble:
            return trouble
        client = {"username": login.name, **secret}
        if "already exists" in (trouble := self._do({"command": "createClient", **client})):
            trouble = self._do({"command": "modifyClient", **client}) or self._do(
                {"command": "enableClient", "username": login.name}
            )
        return trouble

    def _remove(self, login: Login) -> str:
        troubles = [
            self._do({"command": "deleteClient", "username": login.name}),
            self._do({"command": "deleteRole", "rolename": f"{DEVICE}{login.name}"}),
        ]
        return next((trouble for trouble in troubles if trouble and "not found" not in trouble), "")

    def _do(self, command: dict[str, Any]) -> str:
        return str(self._ask(command).get("error", ""))

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        number = secrets.token_hex(8)
        body = json.dumps({"commands": [{**command, "correlationData": number}]})
        self._client.publish(CONTROL, body, qos=1)
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._refused, PATIENCE)
            if number in self._answers:
                return self._answers.pop(number)
        raise Unreachable(self._refused or "the dynamic security plugin does not answer; is it in mosquitto.conf?")

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refuse(str(reason))
        else:
            client.subscribe(f"{CONTROL}/response", 1)

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if reasons[0].is_failure:
            return self._refuse("this account may not administer accounts")
        with self._news:
            self._ready = True
            self._news.notify_all()
        return None

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._refuse(f"the broker hung up: {reason}")

    def _refuse(self, why: str) -> None:
        with self._news:
            self._refused = self._refused or why
            self._news.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        answers = json.loads(message.payload).get("responses", [])
        with self._news:
            self._answers |= {answer["correlationData"]: answer for answer in answers if "correlationData" in answer}
            self._news.notify_all()
