"""`yinling doctor`: looks at every part as a patient stranger would, and says what to do about what it finds."""

from collections.abc import Callable, Iterator

import typer
from rich.console import Console

from app.cli.finding import Finding, State

MARKS = {State.WELL: "[green]✓[/]", State.MIND: "[yellow]![/]", State.ILL: "[red]✗[/]"}
console = Console(highlight=False, soft_wrap=True)


def doctor() -> None:
    """Check database, migrations, Redis, broker, clock, pages, keys, ports and disk. Exits with 1 if one is ill."""
    from app.cli.checks import CHECKS

    worst = State.WELL
    for check in CHECKS:
        for finding in examine(check):
            worst = max(worst, finding.state)
            console.print(f"{MARKS[finding.state]} {finding.part:<12}{finding.says}")
            if finding.remedy:
                console.print(f"  {'':<12}→ {finding.remedy}")
    raise typer.Exit(1 if worst is State.ILL else 0)


def examine(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A check that breaks is a finding too."""
    try:
        yield from check()
    except Exception as error:
        name = check.__name__
        yield Finding(name, State.ILL, f"could not be checked: {type(error).__name__}: {error}".splitlines()[0])
