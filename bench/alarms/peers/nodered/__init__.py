"""Node-RED: MQTT in, a function node that writes to PostgreSQL, a websocket to the browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from app.cli.parts import Part, Running, free_port
from bench.alarms.stage import Stage, say
from devices.mqtt import Address

HERE: Final = Path(__file__).parent
HOME: Final = Path("var/bench/nodered").resolve()
DATABASE: Final = "nodered"
NAME: Final = "Node-RED 4.1.8"
HOW: Final = "mqtt in, QoS 1, kept session; acknowledged by the client before the flow runs"
PAGE: Final = """([url]) => new Promise((ready) => {
  window.noted = { seen: {} }
  const open = () => {
    const line = new WebSocket(url)
    line.onopen = ready
    line.onmessage = ({ data }) => { noted.seen[JSON.parse(data).id] ??= Date.now() }
    line.onclose = () => setTimeout(open, 200)
  }
  open()
})"""


def installed() -> bool:
    """Install it once, from the locked list; False where npm is not here or cannot."""
    if (HOME / "node_modules" / "node-red").is_dir():
        return True
    if not shutil.which("npm"):
        return False
    say("installing Node-RED under var/bench")
    HOME.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, HOME / name)
    command = ["npm", "ci", "--omit=optional", "--no-audit", "--no-fund", "--silent"]
    return subprocess.run(command, cwd=HOME, check=False).returncode == 0


class NodeRed:
    """A running one with a database of its own on the same server."""

    name, how, page = NAME, HOW, PAGE

    def __init__(self, stage: Stage) -> None:
        self.port, self.folder, self.before = free_port(), stage.folder, 0
        folder = stage.folder / "nodered"
        folder.mkdir(exist_ok=True)
        with psycopg.connect(stage.owner, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        self.database = stage.owner.rpartition("/")[0] + f"/{DATABASE}"
        with psycopg.connect(self.database) as connection:
            connection.execute("create table presses (id text primary key, device text, kind text, at timestamptz)")
        address = Address.of(stage.env["YINLING_MQTT_URL"])
        (folder / "flows.json").write_text(json.dumps(self.flows(address)))
        secret = {"broker": {"user": address.username, "password": address.password}}
        (folder / "flows_cred.json").write_text(json.dumps(secret))
        shutil.copy(HERE / "settings.js", HOME / "settings.js")
        env = {
            "BENCH_FLOWS": "flows.json", "BENCH_FOLDER": str(folder), "BENCH_PORT": str(self.port),
            "BENCH_DATABASE": self.database, "NODE_PATH": str(HOME / "node_modules"),
        }  # fmt: skip
        command = ["node", "node_modules/node-red/red.js", "--settings", "settings.js"]
        part = Part(
            name="nodered", command=command, env=env, cwd=str(HOME), before=self.remember,
            ready=lambda: self.connections() > self.before,
        )  # fmt: skip
        self.processes = [Running(part, stage.folder)]

    def flows(self, address: Address) -> list[dict[str, Any]]:
        """One tab: in, store, out."""
        store = (HERE / "store.js").read_text()
        setup, body = store.split("// --- message\n")
        return [
            {"id": "tab", "type": "tab", "label": "presses"},
            {
                "id": "broker", "type": "mqtt-broker", "broker": address.host, "port": str(address.port),
                "clientid": "bench-nodered", "autoConnect": True, "protocolVersion": "4", "keepalive": "60",
                "cleansession": False,
            },
            {
                "id": "in", "type": "mqtt in", "z": "tab", "topic": "care/v1/+/event", "qos": "1", "datatype": "json",
                "broker": "broker", "inputs": 0, "wires": [["store"]],
            },
            {
                "id": "store", "type": "function", "z": "tab", "func": body, "initialize": setup, "outputs": 1,
                "wires": [["out"]],
            },
            {"id": "listener", "type": "websocket-listener", "path": "/ws/presses", "wholemsg": "false"},
            {"id": "out", "type": "websocket out", "z": "tab", "server": "listener", "client": "", "wires": []},
        ]  # fmt: skip

    def connections(self) -> int:
        """How often it has said that it is connected to the broker."""
        log = self.folder / "nodered.log"
        return log.read_text().count("Connected to broker") if log.exists() else 0

    def remember(self) -> None:
        """What it had said before it was started (again)."""
        self.before = self.connections()

    def arguments(self) -> list[str]:
        """What the page is told."""
        return [f"ws://127.0.0.1:{self.port}/ws/presses"]

    def stored(self) -> set[str]:
        """The events in its database."""
        with psycopg.connect(self.database) as connection:
            return {row[0] for row in connection.execute("select id from presses")}


def begun(stage: Stage) -> NodeRed:
    """A fresh one."""
    return NodeRed(stage)
