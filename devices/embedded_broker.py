"""The broker for a machine without Mosquitto: rumqttd, out of a wheel. `python -m devices.embedded_broker --help`.

It knows passwords and keeps sessions while it lives. It does NOT keep anything when it ends, it has no rights per topic
(who may log in may say and hear everything), and it speaks MQTT 3.1.1 on this port: give listeners `?protocol=3.1.1`.
Good for a demonstration on one machine; devices of real people need Mosquitto or EMQX.
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

LIMITS = "memory only, no rights per topic, MQTT 3.1.1"


def configuration(*, port: int, accounts: Mapping[str, str], address: str = "127.0.0.1") -> str:
    """rumqttd's TOML. Its log is cut at 200 MB: what a silent listener has not fetched by then is gone."""
    users = "\n".join(f"{json.dumps(name)} = {json.dumps(password)}" for name, password in accounts.items())
    return f"""\
id = 0
[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 1000
max_segment_size = 20971520
max_segment_count = 10
[v4.1]
name = "care"
listen = "{address}:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 262144
max_inflight_count = 500
dynamic_filters = true
[v4.1.connections.auth]
{users}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument(
        "--users", type=Path, required=True, help="a JSON object {name: password}, readable by you only"
    )
    args = parser.parse_args()
    accounts = json.loads(args.users.read_text())
    if not accounts:
        sys.exit("An embedded broker without accounts would let everyone in: put at least one into --users.")
    run(port=args.port, accounts=accounts, address=args.address)


def run(*, port: int, accounts: Mapping[str, str], address: str = "127.0.0.1") -> None:
    """Serves in this process until it is ended; SIGTERM ends it at once."""
    from iotcore import Broker

    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it reports every packet as an error
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rumqttd.toml"
        file.touch(mode=0o600)
        file.write_text(configuration(port=port, accounts=accounts, address=address))
        broker = Broker(config_path=str(file))
    broker.run_forever()


if __name__ == "__main__":
    main()
