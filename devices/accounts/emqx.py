"""EMQX 5 over its HTTP API: users of the built-in database, and rules for each (public source: docs.emqx.com).

    POST   /api/v5/authentication/password_based:built_in_database/users          {"user_id", "password"}   201, 409
    PUT    …/users/{user_id}                                                      {"password"}              200, 404
    DELETE …/users/{user_id}                                                                                204, 404
    GET    …/users?page=1&limit=1000              {"data": [{"user_id"}], "meta": {"hasnext", …}}            200
    POST   /api/v5/authorization/sources/built_in_database/rules/users            [{"username", "rules"}]   204, 409
    PUT    …/rules/users/{username}                                               {"username", "rules"}     204, 404
    DELETE …/rules/users/{username}                                                                         204, 404
    GET    /api/v5/clients?username={user_id}     {"data": [{"clientid"}]}                                   200
    DELETE /api/v5/clients/{clientid}             hangs up                                                  204, 404

Rules for all (`rules/all`) are left alone: writing there replaces what others put there.
"""

import base64
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from devices.accounts import Login, Unreachable
from devices.broker import CHANNELS, NAME

USERS: Final = "/authentication/password_based%3Abuilt_in_database/users"
RULES: Final = "/authorization/sources/built_in_database/rules/users"
PAGE: Final = 1000
PATIENCE: Final = 10.0  # seconds for one answer


def rights(name: str) -> list[dict[str, str]]:
    """A device's rules; what is not in them is forbidden (`authorization.no_match = deny`)."""
    say = [f"care/v1/{name}/{channel}" for channel in CHANNELS]
    hear = [f"care/v1/{name}/{word}" for word in ("ack", "cmd")]
    return [
        *[{"topic": topic, "action": "publish", "permission": "allow"} for topic in say],
        *[{"topic": topic, "action": "subscribe", "permission": "allow"} for topic in hear],
    ]


class Emqx:
    """One cluster, spoken to with an API key."""

    def __init__(self, base: str, key: str, secret: str) -> None:
        self._base = f"{base}/api/v5"
        self._key = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def put(self, logins: Sequence[Login]) -> Mapping[str, str]:
        """As `Keeper.put`: rights first, so that nobody is let in without them."""
        return {login.name: trouble for login in logins if (trouble := self._put(login))}

    def remove(self, names: Sequence[str]) -> Mapping[str, str]:
        """As `Keeper.remove`: the account first, then whoever is connected with it."""
        return {name: trouble for name in names if (trouble := self._remove(name))}

    def names(self) -> set[str]:
        """As `Keeper.names`: everybody in the built-in database, devices or not."""
        found: set[str] = set()
        page = 1
        while True:
            _, answer = self._ask("GET", f"{USERS}?page={page}&limit={PAGE}", right=(200,))
            found |= {str(user["user_id"]) for user in answer["data"]}
            if not answer["meta"].get("hasnext", page * PAGE < answer["meta"].get("count", 0)):
                return found
            page += 1

    def _put(self, login: Login) -> str:
        if not NAME.fullmatch(login.name):
            return "no name for an account"
        name, rules = quote(login.name, safe=""), {"username": login.name, "rules": rights(login.name)}
        password = login.password or secrets.token_urlsafe(32)  # a certificate's account: nobody knows its password
        status, answer = self._ask("POST", RULES, [rules], right=(204, 409))
        if status == 409:
            self._ask("PUT", f"{RULES}/{name}", rules, right=(204,))
        user = {"user_id": login.name, "password": password, "is_superuser": False}
        status, answer = self._ask("POST", USERS, user, right=(201, 409, 400))
        if status == 409:
            status, answer = self._ask("PUT", f"{USERS}/{name}", {"password": password}, right=(200, 400))
            self._hang_up(login.name)
        return str(answer.get("message", answer)) if status == 400 else ""

    def _remove(self, name: str) -> str:
        for place in (USERS, RULES):
            self._ask("DELETE", f"{place}/{quote(name, safe='')}", right=(204, 404))
        self._hang_up(name)
        return ""

    def _hang_up(self, name: str) -> None:
        _, answer = self._ask("GET", f"/clients?username={quote(name, safe='')}", right=(200,))
        for client in answer["data"]:
            self._ask("DELETE", f"/clients/{quote(str(client['clientid']), safe='')}", right=(204, 404))

    def _ask(self, method: str, path: str, body: Any = None, *, right: Sequence[int]) -> tuple[int, Any]:
        """Status and answer; another status than the right ones raises Unreachable."""
        request = urllib.request.Request(self._base + path, method=method)
        request.add_header("Authorization", f"Basic {self._key}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with self._open(request, timeout=PATIENCE) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        except OSError as error:
            raise Unreachable(f"EMQX does not answer: {getattr(error, 'reason', error)}") from None
        if status not in right:
            raise Unreachable(f"EMQX answers {status} to {method} {path}: {text[:200].decode(errors='replace')}")
        try:
            return status, json.loads(text) if text else {}
        except ValueError:
            raise Unreachable(f"EMQX answers {method} {path} with what is no JSON") from None
