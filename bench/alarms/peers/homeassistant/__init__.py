"""Home Assistant: an event entity over MQTT, the recorder into PostgreSQL, its own websocket to the browser."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Final

import httpx2
import psycopg
from psycopg import sql

from app.cli.parts import Part, Running, free_port
from bench.alarms.stage import Stage, say
from devices.mqtt import Address

HERE: Final = Path(__file__).parent
HOME: Final = Path("var/bench/homeassistant").resolve()
HASS: Final = HOME / "bin" / "hass"
DATABASE: Final = "homeassistant"
LOGIN: Final = {"username": "bench", "password": "bench-password"}
NAME: Final = "Home Assistant 2024.3.3"
HOW: Final = (
    "mqtt event, QoS 1, clean session; acknowledged by the client on arrival, written by the recorder every 5 s"
)
PAGE: Final = """([url, token]) => new Promise((ready) => {
  window.noted = { seen: {} }
  const open = () => {
    const line = new WebSocket(url)
    const send = (what) => line.send(JSON.stringify(what))
    line.onmessage = ({ data }) => {
      const said = JSON.parse(data)
      if (said.type === 'auth_required') send({ type: 'auth', access_token: token })
      if (said.type === 'auth_ok') send({ id: 1, type: 'subscribe_events', event_type: 'state_changed' })
      if (said.type === 'result') ready()
      const id = said.event?.data?.new_state?.attributes?.id
      if (id) noted.seen[id] ??= Date.now()
    }
    line.onclose = () => setTimeout(open, 200)
  }
  open()
})"""
CONFIGURATION: Final = """
http:
  server_host: 127.0.0.1
  server_port: {port}
auth:
api:
websocket_api:
recorder:
  db_url: {database}
mqtt:
  - event:
      name: presses
      state_topic: "care/v1/+/event"
      qos: 1
      event_types: ["sos"]
      value_template: "{{{{ {{'event_type': value_json.kind, 'id': value_json.id}} | to_json }}}}"
"""


def installed() -> bool:
    """Install it once into an environment of its own, from the locked list; False where that cannot be done.

    2024.3 is the last release for Python 3.11.
    """
    if HASS.exists():
        return True
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        return False
    say("installing Home Assistant under var/bench")
    venv.create(HOME, with_pip=True)
    locked = str(HERE / "requirements.lock")
    command = [str(HOME / "bin" / "pip"), "install", "--quiet", "--no-input", "--require-hashes", "-r", locked]
    return subprocess.run(command, check=False).returncode == 0 and HASS.exists()


class HomeAssistant:
    """A running one whose recorder has a database of its own on the same server."""

    name, how, page = NAME, HOW, PAGE

    def __init__(self, stage: Stage) -> None:
        self.port, self.folder = free_port(), stage.folder / "homeassistant"
        (self.folder / ".storage").mkdir(parents=True, exist_ok=True)
        with psycopg.connect(stage.owner, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        self.database = stage.owner.rpartition("/")[0] + f"/{DATABASE}"
        said = CONFIGURATION.format(port=self.port, database=self.database)
        (self.folder / "configuration.yaml").write_text(said)
        entries = self.entries(Address.of(stage.env["YINLING_MQTT_URL"]))
        (self.folder / ".storage" / "core.config_entries").write_text(json.dumps(entries))
        login = [str(HASS), "--script", "auth", "-c", str(self.folder), "add", *LOGIN.values()]
        subprocess.run(login, check=True, capture_output=True)
        command = [str(HASS), "-c", str(self.folder), "--skip-pip"]
        part = Part(name="homeassistant", command=command, ready=self.answers)
        self.processes = [Running(part, stage.folder)]

    def entries(self, address: Address) -> dict[str, Any]:
        """Its broker, as its settings page would have stored it."""
        broker = {
            "broker": address.host, "port": address.port, "client_id": "bench-homeassistant", "discovery": False,
            "username": address.username, "password": address.password,
            "birth_message": {}, "will_message": {},  # our broker's rights would cut the line over them
        }  # fmt: skip
        entry = {
            "entry_id": "benchmqtt", "version": 1, "minor_version": 1, "domain": "mqtt", "title": "broker",
            "data": broker, "options": {}, "pref_disable_new_entities": False, "pref_disable_polling": False,
            "source": "user", "unique_id": None, "disabled_by": None,
        }  # fmt: skip
        return {"version": 1, "minor_version": 1, "key": "core.config_entries", "data": {"entries": [entry]}}

    def answers(self) -> bool:
        """Whether its door is open; MQTT is set up before that."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/api/", timeout=2).status_code == 401
        except httpx2.HTTPError:
            return False

    def arguments(self) -> list[str]:
        """What the page is told: where, and a token as its own login page would get it."""
        with httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20) as http:
            here = str(http.base_url)
            begun = {"client_id": here, "handler": ["homeassistant", None], "redirect_uri": here}
            flow = http.post("/auth/login_flow", json=begun).json()["flow_id"]
            code = http.post(f"/auth/login_flow/{flow}", json={"client_id": here, **LOGIN}).json()["result"]
            asked = {"grant_type": "authorization_code", "code": code, "client_id": here}
            token: str = http.post("/auth/token", data=asked).json()["access_token"]
        return [f"ws://127.0.0.1:{self.port}/api/websocket", token]

    def stored(self) -> set[str]:
        """The events its recorder has written."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("select shared_attrs::json ->> 'id' from state_attributes").fetchall()
        return {row[0] for row in rows if row[0]}


def begun(stage: Stage) -> HomeAssistant:
    """A fresh one."""
    return HomeAssistant(stage)
