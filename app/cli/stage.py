"""The demo from curtain to curtain: parts, schema, district, processes, a word of welcome, and waiting for Ctrl-C."""

import json
import shutil
import sys
from pathlib import Path

from rich.console import Console

from app.cli import ports
from app.cli import table as process_table
from app.cli.follow import Follow
from app.cli.parts import PartFailed, nothing, postgres
from app.cli.simulate import LOGINS
from app.cli.supervisor import Supervisor
from app.cli.table import Table, process, whole
from app.config import Settings

UNFINISHED = "unfinished"  # there while the district is being made
KEPT = ("numba", "log", "backups", "lock", "setup.lock")  # what beginning anew leaves in var/
console = Console(highlight=False, soft_wrap=True)


def play(given: Settings, *, reset: bool, elders: int, seed: int, speed: int, logs: bool) -> None:
    """Returns when somebody asked us to stop."""
    var = given.var_dir.resolve()
    var.mkdir(parents=True, exist_ok=True)
    with Supervisor(var, _say) as supervisor:
        ports.check(given.web_host, given.web_port)
        if reset or (var / UNFINISHED).exists():  # half a district is none
            forget(var)
        table = process_table.lay(given, var)
        process_table.remember(var, table.env)
        supervisor.up(*table.parts)
        console.print("- the schema ...")
        _finish(supervisor, table, "migrate")
        if not (var / LOGINS).exists():
            console.print("- a simulated district ...")
            (var / UNFINISHED).touch()
            _finish(supervisor, table, "simulate", "district", "--elders", str(elders), "--seed", str(seed))
            (var / UNFINISHED).unlink()
        outside = process_table.reach_outside(table, given) if speed else (0, 0)
        process_table.remember(var, table.env)
        console.print("- the platform ...")
        supervisor.up(*process_table.platform(table.env))
        if speed:
            supervisor.up(process("day", ["simulate", "day", "--speed", str(speed)], table.env))
            ports_of = ["--port", str(outside[0]), "--push-port", str(outside[1])]
            supervisor.up(process("outside", ["simulate", "outside", *ports_of], table.env))
        welcome(table, var)
        supervisor.watch(Follow(supervisor.logs, console) if logs else nothing)


def _finish(supervisor: Supervisor, table: Table, *arguments: str) -> None:
    if supervisor.run([sys.executable, "-m", "app.cli", *arguments], whole(table.env)):
        raise PartFailed(
            f"`yinling {' '.join(arguments)}` failed; the lines above say why. `make demo RESET=1` begins anew."
        )


def forget(var: Path) -> None:
    """Begin anew: no database, no secrets, no files; what was compiled and logged may stay."""
    postgres.forget(var / "pg")
    for path in var.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def welcome(table: Table, var: Path) -> None:
    """Where to go, who to be, what is embedded, how to stop."""
    address = table.env["YINLING_PUBLIC_URL"]
    console.print(f"\n[bold]银铃 Yinling is up.[/]\n\n  Desk        {address}/desk/\n  Phone       {address}/phone/\n")
    if (var / LOGINS).exists():
        people = json.loads((var / LOGINS).read_text())
        console.print(f"  Password of all logins: [bold]{next(iter(people.values()))['password']}[/]")
        for role, person in people.items():
            console.print(f"  {role:<12}{person['login']:<12}{person['name']}")
    console.print()
    for part, note in table.notes:
        console.print(f"  {part:<12}{note}")
    console.print(
        "\n  Stop with Ctrl-C. `make demo` goes on with the same data, `make demo RESET=1` begins anew.\n"
        f"  Logs: {var / 'log'}   How everything is: .venv/bin/yinling doctor\n",
        soft_wrap=True,
    )


def _say(part: str, what: str) -> None:
    colour = "green" if what.startswith("ready") else "dim" if what == "stopping" else "yellow"
    console.print(f"  [{colour}]{part:<12}{what}[/]")
