"""The doctor on the gateway: do its listeners answer, and may it open as many connections as it is set to?"""

import resource
import socket
from collections.abc import Iterator

from app.cli.finding import Finding, ill, mind, well
from app.config import settings
from app.gateway import SPARE_FILES, NoListeners, listeners


def gateway() -> Iterator[Finding]:
    """Quiet where no listener is set: watches and diallers are an option."""
    if not settings().gateway_listeners:
        return
    try:
        wanted = listeners(settings().gateway_listeners)
    except NoListeners as wrong:
        yield ill("gateway", f"YINLING_GATEWAY_LISTENERS: {wrong}", "correct it")
        return
    host = settings().gateway_host
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    silent = [f"{name}:{port}" for name, port in wanted if not _answers(host, port)]
    if silent:
        yield ill("gateway", f"nobody listens for {', '.join(silent)} at {host}", "start `yinling gateway`")
    else:
        yield well("gateway", f"listens for {', '.join(f'{name}:{port}' for name, port in wanted)}")
    yield from _files()


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=3):
            return True
    except OSError:
        return False


def _files() -> Iterator[Finding]:
    """As this account sees it; a service has its own limit (LimitNOFILE)."""
    hard, needed = resource.getrlimit(resource.RLIMIT_NOFILE)[1], settings().gateway_connections + SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < needed:
        says = f"{hard} open files are allowed here, {needed} are needed for {settings().gateway_connections} devices"
        yield mind("gateway", says, "raise the limit (LimitNOFILE of the unit, or `ulimit -Hn`)")
