"""`yinling demo`: the whole platform on one machine, on real embedded parts, under one supervisor."""

import errno
import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

ELSEWHERE = "Run where you own the folder, or choose another with YINLING_VAR_DIR."
WAYS_OUT = {
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
    errno.EROFS: ELSEWHERE,
    errno.ENOSPC: "Make room, or choose another disk with YINLING_VAR_DIR.",
}
console = Console(highlight=False, soft_wrap=True)


def demo(
    reset: Annotated[bool, typer.Option("--reset", help="begin anew: forget the database and all secrets")] = False,
    elders: Annotated[int, typer.Option(help="how many elders the simulated district has")] = 414,
    seed: Annotated[int, typer.Option(help="the same seed gives the same district")] = 7,
    speed: Annotated[int, typer.Option(help="the simulated day runs so many times as fast; 0: nothing moves")] = 20,
    logs: Annotated[bool, typer.Option("--logs", help="show the logs of all processes here, too")] = False,
) -> None:
    """The whole platform on this machine, with a simulated district. Ctrl-C stops it."""
    from app.cli import stage
    from app.cli.parts import PartFailed
    from app.cli.supervisor import Stopped
    from app.config import Settings

    given = Settings()
    try:
        stage.play(given, reset=reset, elders=elders, seed=seed, speed=speed, logs=logs)
    except PartFailed as failed:
        console.print(f"\n[red]✗[/] {failed}")
        raise typer.Exit(1) from None
    except Stopped:
        pass
    except OSError as error:
        if error.errno not in WAYS_OUT:
            raise
        console.print(f"\n[red]✗[/] {error.filename or given.var_dir}: {error.strerror}. {WAYS_OUT[error.errno]}")
        raise typer.Exit(1) from None
    console.print("Stopped. Nothing runs any more; `make demo` goes on where this ended.")


def adopt(var: Path) -> None:
    """Take the addresses of the demo that runs, or last ran, on this folder, where none are given."""
    file = var / "demo.json"
    if not file.exists():
        return
    from app.config import Settings

    given = Settings().model_fields_set
    for name, value in json.loads(file.read_text()).items():
        if name.removeprefix("YINLING_").lower() not in given:
            os.environ.setdefault(name, value)
