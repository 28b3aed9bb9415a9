"""EMQX's HTTP API as its documentation has it, played by a small server: a contract, not EMQX itself."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from devices import accounts
from devices.accounts import Login, Unreachable, emqx

KEY = "Basic " + base64.b64encode(b"yinling:s3cret").decode()
USERS = ["authentication", "password_based:built_in_database", "users"]
RULES = ["authorization", "sources", "built_in_database", "rules", "users"]


class Emqx(ThreadingHTTPServer):
    """Users, rules and connections, with the answers of the documentation."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.users: dict[str, str] = {"platform": "p"}
        self.rules: dict[str, list[dict[str, str]]] = {}
        self.connected: dict[str, str] = {}  # client id: user
        self.broken = False

    def answer(self, method: str, path: list[str], query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        name = path[-1]
        match (method, path[:-1] if path not in (USERS, RULES, ["clients"]) else path):
            case ("POST", where) if where == USERS:
                if body["user_id"] in self.users:
                    return 409, {"code": "ALREADY_EXISTS", "message": "User already exists"}
                self.users[body["user_id"]] = body["password"]
                return 201, {"user_id": body["user_id"], "is_superuser": body["is_superuser"]}
            case ("GET", where) if where == USERS:
                page, limit = int(query["page"][0]), int(query["limit"][0])
                known = sorted(self.users)
                meta = {"page": page, "limit": limit, "count": len(known), "hasnext": page * limit < len(known)}
                return 200, {"data": [{"user_id": u} for u in known[(page - 1) * limit : page * limit]], "meta": meta}
            case ("PUT", where) if where == USERS and name in self.users:
                self.users[name] = body["password"]
                return 200, {"user_id": name}
            case ("DELETE", where) if where == USERS and name in self.users:
                del self.users[name]
                return 204, None
            case ("POST", where) if where == RULES:
                if any(each["username"] in self.rules for each in body):
                    return 409, {"code": "ALREADY_EXISTS", "message": "User already exist"}
                self.rules |= {each["username"]: each["rules"] for each in body}
                return 204, None
            case ("PUT", where) if where == RULES and name in self.rules:
                self.rules[name] = body["rules"]
                return 204, None
            case ("DELETE", where) if where == RULES and name in self.rules:
                del self.rules[name]
                return 204, None
            case ("GET", ["clients"]):
                user = query["username"][0]
                return 200, {"data": [{"clientid": c, "username": u} for c, u in self.connected.items() if u == user]}
            case ("DELETE", ["clients"]) if name in self.connected:
                del self.connected[name]
                return 204, None
        return 404, {"code": "NOT_FOUND", "message": "Not found"}


class Door(BaseHTTPRequestHandler):
    server: Emqx

    def _do(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.removeprefix("/api/v5/").split("/")]
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        if self.headers.get("Authorization") != KEY:
            status, said = 401, {"code": "BAD_API_KEY_OR_SECRET", "message": "Check api_key/api_secret"}
        elif self.server.broken:
            status, said = 500, {"code": "INTERNAL_ERROR", "message": "no"}
        else:
            status, said = self.server.answer(self.command, parts, parse_qs(url.query), body)
        content = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _do

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def cluster() -> Iterator[Emqx]:
    with Emqx() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_of(cluster: Emqx, secret: str = "s3cret") -> str:
    return f"emqx+http://yinling:{secret}@127.0.0.1:{cluster.server_port}"


def test_an_account_is_made_with_rights_of_its_own_changed_and_taken_away(cluster: Emqx) -> None:
    cluster.connected = {"c-1": "24:e1:45", "c-2": "bela"}
    with accounts.keeper(url_of(cluster)) as keeper:
        assert keeper.put([Login("24:e1:45", "first"), Login("bela", "b")]) == {}
        assert cluster.users == {"platform": "p", "24:e1:45": "first", "bela": "b"}
        assert {rule["topic"] for rule in cluster.rules["bela"]} == {
            "care/v1/bela/event", "care/v1/bela/telemetry", "care/v1/bela/status",
            "care/v1/bela/ack", "care/v1/bela/cmd",
        }  # fmt: skip
        assert all(r["permission"] == "allow" for rules in cluster.rules.values() for r in rules)
        assert keeper.put([Login("24:e1:45", "second")]) == {}
        assert cluster.users["24:e1:45"] == "second" and cluster.connected == {"c-2": "bela"}
        assert keeper.remove(["24:e1:45", "nobody"]) == {}
        assert keeper.names() == {"platform", "bela"} and set(cluster.rules) == {"bela"}


def test_a_certificates_account_has_a_password_that_nobody_knows(cluster: Emqx) -> None:
    with accounts.keeper(url_of(cluster)) as keeper:
        keeper.put([Login("anna")])
    assert len(cluster.users["anna"]) > 30


def test_all_pages_are_read(cluster: Emqx) -> None:
    cluster.users = {f"d{n}": "x" for n in range(2 * emqx.PAGE + 1)}
    with accounts.keeper(url_of(cluster)) as keeper:
        assert keeper.names() == set(cluster.users)


def test_no_answer_a_wrong_key_and_a_fault_of_theirs_are_unreachable(cluster: Emqx) -> None:
    with accounts.keeper(url_of(cluster, "wrong")) as keeper, pytest.raises(Unreachable, match="401"):
        keeper.put([Login("anna", "a")])
    cluster.broken = True
    with accounts.keeper(url_of(cluster)) as keeper, pytest.raises(Unreachable, match="500"):
        keeper.names()
    with accounts.keeper("emqx+http://k:s@127.0.0.1:9") as keeper, pytest.raises(Unreachable, match="does not answer"):
        keeper.remove(["anna"])


def test_an_address_that_is_none_says_which_there_are() -> None:
    with pytest.raises(ValueError, match=r"emqx\+http"), accounts.keeper("http://emqx.example"):
        pass
