"""`yinling decode`, `assess`, `openapi`: small tools that read a stream or write a document."""

import json
import sys

import typer


def decode() -> None:
    """Read device frames as JSON lines, write signals or refusals as JSON lines."""
    from devices import decode as decoder

    for line in decoder.lines(sys.stdin):
        typer.echo(line)


def assess() -> None:
    """Read ability assessments (GB/T 42195-2022) as JSON lines, write score and levels or refusals as JSON lines."""
    from app.assessments import lines

    for line in lines.lines(sys.stdin.buffer):
        typer.echo(line)


def bench(context: typer.Context) -> None:
    """Measure: `yinling bench dispatch --help`. In a checkout; an installed wheel carries no benchmarks."""
    try:
        from bench.dispatch.__main__ import main
    except ModuleNotFoundError:
        typer.echo("The benchmarks are in the checkout: `make bench-dispatch`, or run this from there.", err=True)
        raise typer.Exit(2) from None
    if context.args[:1] != ["dispatch"]:
        typer.echo("Say what: `yinling bench dispatch`.", err=True)
        raise typer.Exit(2)
    raise typer.Exit(main(context.args[1:]))


def push_key() -> None:
    """Make a key to ring sleeping phones with (VAPID): put it into YINLING_PUSH_KEY, once, and keep it."""
    from app.messages.push import new_key

    typer.echo(new_key())


def openapi() -> None:
    """Write the OpenAPI document; the screens' types are made from it."""
    from app.main import create_app

    typer.echo(json.dumps(create_app().openapi(), ensure_ascii=False, indent=2))
