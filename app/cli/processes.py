"""`yinling web`, `listener`, `gateway`, `worker`, `clock`: the processes of an installation, one at a time."""

import os
import sys
from typing import Annotated

import typer


def web() -> None:
    """The API, the live stream and the pages."""
    import uvicorn

    from app.config import settings

    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings().web_host,
        port=settings().web_port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        proxy_headers=True,
    )


def listener(
    name: Annotated[str, typer.Option(help="its client id at the broker: one for each listener")] = "1",
) -> None:
    """Hears the broker; run two, each with a name of its own."""
    from app import listener as process

    process.main(name)


def gateway(
    name: Annotated[str, typer.Option(help="one for each gateway")] = "1",
) -> None:
    """Hears watches, trackers and alarm diallers over TCP and UDP; which ones, YINLING_GATEWAY_LISTENERS says."""
    from app import gateway as process

    try:
        process.main(name)
    except process.NoListeners as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(2) from None


def worker(
    processes: Annotated[int, typer.Option(min=1)] = 1,
    threads: Annotated[int, typer.Option(min=1, help="of each process")] = 4,
) -> None:
    """Does the slow work: solving, sending, exporting."""
    command = [sys.executable, "-m", "dramatiq", "app.worker", "--skip-logging", "--worker-shutdown-timeout", "8000"]
    os.execv(sys.executable, [*command, "--processes", str(processes), "--threads", str(threads)])


def clock() -> None:
    """Lets what is due happen; several may run, one is active."""
    from app import clock as process

    process.main()


def gateway_key(
    account: Annotated[str, typer.Argument(help="of an alarm dialler: 3 to 16 hexadecimal digits")],
) -> None:
    """The key an alarm dialler of this account encrypts with (SIA DC-09, AES-128)."""
    from app.vault import digest
    from devices.gateway.protocols.dc09 import key_of
    from devices.gateway.talk import Link

    typer.echo(key_of(Link(digest), account.upper()).upper())
