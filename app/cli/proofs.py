"""`yinling ledger verify`, `yinling verify-log`: whether the money and the alarms' logs still prove what they say."""

import time
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console

ledger = typer.Typer(help="The double-entry ledger.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


settlement = typer.Typer(help="Statements of providers.", no_args_is_help=True)


@settlement.callback()
def statements() -> None:
    """Statements of providers."""


@settlement.command("verify")
def verify_statement(
    what: Annotated[str, typer.Argument(help="a printed statement (PDF), its workbook, or its number")],
) -> None:
    """Whether a statement, or a file of one, still says what its check sum proves. Else exits with 1."""
    from pathlib import Path

    from app.db import transaction
    from app.settlement import printing, proof
    from app.settlement.tables import Statement

    with transaction() as session:
        file = Path(what)
        if file.is_file():
            number, faults = printing.faults(session, file.read_bytes())
        else:
            number, faults = (int(what), []) if what.isdecimal() else (None, [f"There is no file {what}."])
        found = session.get(Statement, number) if number is not None else None
        if found is None:
            faults = faults or [f"There is no statement {number}."]
        elif proof.checksum(session, found) != found.checksum:
            faults.append(f"The content of statement {found.id} is not what its check sum proves.")
        said = f"Statement {found.id} is as it was: {found.checksum}" if found else ""
    _tell(faults, well=said)


@ledger.callback()
def books() -> None:
    """The double-entry ledger."""


@ledger.command()
def verify() -> None:
    """Every balance is the sum of its entries, and every cent captured leads to a verified visit. Else exits with 1."""
    from app.db import transaction
    from app.orders import queries as orders

    with transaction() as session:
        _tell(orders.verify_ledger(session), well="The ledger holds: every balance is the sum of its entries.")


def verify_log(
    digest: Annotated[str, typer.Option(help="of an anchor that was kept elsewhere: printed, sent or logged")] = "",
) -> None:
    """No line of an alarm's log was changed, cut, moved or added, up to the last anchor not even with its alarm.

    Else exits with 1.
    """
    from sqlalchemy import func, select

    from app.alarms import proving
    from app.alarms.tables import AlarmEvent
    from app.cli.simulate import progress
    from app.db import transaction

    with transaction() as session, progress() as tell:
        lines, began = session.scalar(select(func.count()).select_from(AlarmEvent)) or 0, time.monotonic()
        found = proving.verify(session, digest=digest or None, tell=lambda read: tell("lines", read, lines))
        broken = [f"alarm {b.alarm_id}, line {b.n}: {b.reason}" if b.alarm_id else b.reason for b in found]
    _tell(
        broken, well=f"The alarms' logs hold: {lines} lines, each follows from the one before it "
        f"({time.monotonic() - began:.1f} s).",
    )  # fmt: skip


def _tell(faults: Iterable[str], *, well: str) -> None:
    found = list(faults)
    for fault in found:
        console.print(f"[red]✗[/] {fault}")
    if found:
        raise typer.Exit(1)
    console.print(f"[green]✓[/] {well}")
