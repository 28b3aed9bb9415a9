"""`yinling decode`, `openapi`: small tools that read a stream or write a document."""

import json
import sys

import typer


def decode() -> None:
    """Read device frames as JSON lines, write signals or refusals as JSON lines."""
    from devices import decode as decoder

    for line in decoder.lines(sys.stdin):
        typer.echo(line)


def openapi() -> None:
    """Write the OpenAPI document; the screens' types are made from it."""
    from app.main import create_app

    typer.echo(json.dumps(create_app().openapi(), ensure_ascii=False, indent=2))
