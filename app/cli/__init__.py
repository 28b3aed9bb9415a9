"""The command `yinling`: every process and every chore of an installation."""

import os
from pathlib import Path

import typer

from app.cli import chores, database, demo, doctor, processes, proofs, stock
from app.cli.simulate import simulate
from app.cli.warm import cache_dir

HELP = "银铃 Yinling: home help and emergency calls of a district's elders, on one platform."
cli = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)

for command in (
    demo.demo,
    doctor.doctor,
    processes.web,
    processes.listener,
    processes.gateway,
    processes.gateway_key,
    processes.worker,
    processes.clock,
    database.migrate,
    database.backup,
    database.restore,
    proofs.verify_log,
    chores.decode,
    chores.assess,
    chores.openapi,
    chores.push_key,
):
    cli.command()(command)


cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})(
    chores.bench
)
cli.add_typer(simulate, name="simulate")
cli.add_typer(stock.imports, name="import")
cli.add_typer(stock.accounts, name="accounts")
cli.add_typer(proofs.ledger, name="ledger")
cli.add_typer(proofs.settlement, name="settlement")


@cli.callback()
def prepare(context: typer.Context) -> None:
    """Beside a running demo, every command finds its database, Redis and broker by itself."""
    var = Path(os.environ.get("YINLING_VAR_DIR", "var"))
    if context.invoked_subcommand not in ("demo", None):
        demo.adopt(var)
    if "NUMBA_CACHE_DIR" not in os.environ and (compiled := cache_dir(var)).is_dir():
        os.environ["NUMBA_CACHE_DIR"] = str(compiled)


def main() -> None:
    """The entry point."""
    cli()
