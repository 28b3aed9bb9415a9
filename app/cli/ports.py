"""Whether the port of the pages is free, and who holds it if not."""

import socket
import time
from contextlib import suppress

import psutil

from app.cli.parts import PartFailed

LINGERING = 5.0  # seconds a demo that was just killed may need to let go


def check(host: str, port: int) -> None:
    """Raises with the holder's name and a way out."""
    deadline = time.monotonic() + LINGERING
    while not is_free(host, port):
        if time.monotonic() > deadline or not _ours(port):
            raise PartFailed(
                f"Port {port} is held by {holder(port)}: stop it, or choose another port, "
                f"for instance `YINLING_WEB_PORT={port + 1} make demo`."
            )
        time.sleep(0.2)


def is_free(host: str, port: int) -> bool:
    """Nobody listens there, and we may."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        raise PartFailed(f"Port {port} is for root only: choose one above 1023 with YINLING_WEB_PORT.") from None
    except socket.gaierror:
        raise PartFailed(
            f"{host} is no address of this machine: set YINLING_WEB_HOST to 127.0.0.1 or 0.0.0.0."
        ) from None
    except OSError as error:
        if error.errno == 99:  # EADDRNOTAVAIL
            raise PartFailed(
                f"{host} is no address of this machine: set YINLING_WEB_HOST to 127.0.0.1 or 0.0.0.0."
            ) from None
        return False
    return True


def holder(port: int) -> str:
    """The program that listens, as far as we may see it."""
    process = _listening(port)
    return f"`{process.name()}` (process {process.pid})" if process else "a program of another user"


def _listening(port: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        for line in psutil.net_connections("tcp"):
            if line.status == psutil.CONN_LISTEN and line.laddr and line.laddr.port == port and line.pid:
                return psutil.Process(line.pid)
    return None


def _ours(port: int) -> bool:
    process = _listening(port)
    with suppress(psutil.Error):
        return process is not None and "app.cli" in process.cmdline()
    return False
