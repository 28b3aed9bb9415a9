"""`yinling simulate`: the first customer, made of one seed, and its days."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.errors import CareError

LOGINS = "logins.json"
simulate = typer.Typer(help="A believable district, and its days.", no_args_is_help=True)
console = Console(highlight=False)


@simulate.command()
def district(
    elders: Annotated[int, typer.Option(min=1, help="elders on purchased service, beside the larger register")] = 414,
    seed: Annotated[int, typer.Option(help="the same seed gives the same district")] = 7,
    password: Annotated[str, typer.Option(help="of every login made; without one it is invented and told")] = "",
) -> None:
    """Make the first customer in an empty database: places, providers, people, devices, prices, a month of visits."""
    from app.config import settings
    from app.simulate import district as maker

    password = password or f"yinling-{secrets.token_hex(3)}"
    try:
        with progress() as tell:
            built = maker.build(elders=elders, seed=seed, password=password, tell=tell)
    except CareError as error:
        console.print(f"[red]✗[/] {error.detail}")
        raise typer.Exit(1) from None
    firsts: dict[str, dict[str, str]] = {}
    for login, name, role in built.logins:
        firsts.setdefault(role.value, {"login": login, "name": name, "password": password})
    _keep(settings().var_dir / LOGINS, firsts)
    console.print(
        f"  {built.elders} elders ({built.served} on purchased service), {built.caregivers} caregivers, "
        f"{built.devices} devices, {built.past_visits} past visits."
    )
    console.print(f"  A login for each role: {settings().var_dir / LOGINS}")


@simulate.command()
def day(
    speed: Annotated[float, typer.Option(min=0.1, help="so many times as fast as life")] = 1,
    seed: Annotated[int, typer.Option(help="the same seed gives the same mishaps")] = 7,
    on: Annotated[str, typer.Option(help="the local day, YYYY-MM-DD; default: today")] = "",
) -> None:
    """Let caregivers travel, check in and out, and devices beat and press, through the real API and the real broker."""
    from app.calendar import local
    from app.config import settings
    from app.simulate import everything

    file = settings().var_dir / LOGINS
    if not file.exists():
        console.print("[red]✗[/] There is no simulated district here: run `make demo` or `yinling simulate district`.")
        raise typer.Exit(1)
    password = next(iter(json.loads(file.read_text()).values()))["password"]
    shown: list[str] = []

    def tell(at: datetime, done: int) -> None:
        hour = f"{local(at):%H}"
        if hour not in shown:
            shown.append(hour)
            console.print(f"- {local(at):%m-%d %H:%M}  {done} attendances finished")

    done = everything.simulate(
        gateway_url=os.environ.get("YINLING_GATEWAY_MQTT_URL", ""),
        password=password,
        speed=speed,
        seed=seed,
        on=date.fromisoformat(on) if on else None,
        tell=tell,
    )
    console.print(f"- {done} attendances finished")


@simulate.command()
def outside(
    port: Annotated[int, typer.Option(help="of the gateway of messages, on this machine")] = 8025,
    push_port: Annotated[int, typer.Option(help="of the push service that rings phones, on this machine")] = 8026,
    seed: Annotated[int, typer.Option(help="the same seed gives the same people on the line")] = 7,
    every: Annotated[float, typer.Option(min=1, help="seconds between two calls to the hotline, on average")] = 150,
) -> None:
    """The world at the other end of the lines: people who call, a gateway that takes messages, phones that ring."""
    from app.config import settings
    from app.simulate import day, outside

    token = settings().hooks_token.get_secret_value()
    outside.run(url=day.address(), token=token, port=port, push_port=push_port, seed=seed, every=every)


@simulate.command(name="devices")
def crowd(
    count: Annotated[int, typer.Option(min=1, help="devices of all kinds, in the shares of a fleet")] = 1000,
    profile: Annotated[str, typer.Option(help="calm, day, night, storm or reconnect-flood")] = "calm",
    seconds: Annotated[float, typer.Option(min=1, help="how long they live")] = 60,
    seed: Annotated[int, typer.Option(help="the same seed gives the same devices, presses and mishaps")] = 7,
    own: Annotated[int, typer.Option(min=0, help="so many buttons with an MQTT connection and last will each")] = 0,
    broker: Annotated[
        str, typer.Option(envvar="YINLING_GATEWAY_MQTT_URL", help="mqtt://gateway:password@host:port")
    ] = "",
    gateway: Annotated[str, typer.Option(help="the host of the gateway")] = "127.0.0.1",
    listeners: Annotated[
        str, typer.Option(help="its protocols and ports, as in YINLING_GATEWAY_LISTENERS; default: that setting")
    ] = "",
    strangers: Annotated[bool, typer.Option(help="only devices that the register does not know")] = False,
) -> None:
    """Thousands of devices on real sockets: care/v1 and ChirpStack over MQTT, 3G, GT06 and JT/T 808 over TCP."""
    from app.cli.crowd import NoTargets, run

    try:
        with progress() as tell:
            rows = run(
                count=count, profile=profile, seconds=seconds, seed=seed, own=own, broker=broker, host=gateway,
                listeners=listeners, strangers=strangers, tell=tell, say=console.print,
            )  # fmt: skip
    except NoTargets as error:
        console.print(f"[red]✗[/] {error}")
        raise typer.Exit(1) from None
    console.print(rows)


@contextmanager
def progress() -> Iterator["Tell"]:
    """A bar for each kind of work; lines where there is no terminal."""
    columns = (TextColumn("  {task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        yield Tell(bars)


class Tell:
    """Called with what is being made, how many are done, and of how many."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        """One step further."""
        if what not in self.tasks:
            self.tasks[what] = self.bars.add_task(what, total=total)
            if not console.is_terminal:
                console.print(f"- {what} ...")
        self.bars.update(self.tasks[what], completed=done, total=total)


def _keep(path: Path, logins: object) -> None:
    from app.cli.table import keep

    path.parent.mkdir(parents=True, exist_ok=True)
    keep(path, json.dumps(logins, ensure_ascii=False, indent=1))
