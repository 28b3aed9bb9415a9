"""`yinling ledger verify`, `yinling verify-log`: whether the money and the alarms' logs still prove what they say."""

from collections.abc import Iterable

import typer
from rich.console import Console

ledger = typer.Typer(help="The double-entry ledger.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)


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


def verify_log() -> None:
    """No line of an alarm's log was changed, cut or added. Else exits with 1."""
    from app.alarms import log
    from app.db import transaction

    with transaction() as session:
        broken = [f"alarm {b.alarm_id}, line {b.n}: {b.reason}" for b in log.verify_log(session)]
    _tell(broken, well="The alarms' logs hold: every line follows from the one before it.")


def _tell(faults: Iterable[str], *, well: str) -> None:
    found = list(faults)
    for fault in found:
        console.print(f"[red]✗[/] {fault}")
    if found:
        raise typer.Exit(1)
    console.print(f"[green]✓[/] {well}")
