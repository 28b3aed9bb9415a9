"""The doctor on this machine: web process, time, keys, pages, disk."""

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from app.cli.finding import Finding, ill, mind, well
from app.config import settings

LITTLE_DISK_GB = 2.0


def web() -> Iterator[Finding]:
    """The pages' process serves where browsers look for it."""
    address = f"{settings().public_url.rstrip('/')}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=5):
            yield well("web", f"{settings().public_url} serves")
    except urllib.error.HTTPError as error:
        yield ill("web", f"{address} says {error.code}", "see the database above, and var/log/web.log")
    except OSError as error:
        reason = getattr(error, "reason", error)
        yield ill("web", f"{address} does not answer: {reason}", "start `yinling web`, or correct YINLING_PUBLIC_URL")


def clock() -> Iterator[Finding]:
    """Escalations go by the server's clock."""
    if shutil.which("timedatectl") is None:
        yield mind("clock", "cannot be asked whether it is kept by NTP", "see that chrony or another NTP client runs")
        return
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if answer == "yes":
        yield well("clock", "kept by NTP")
    else:
        yield mind("clock", "not kept by NTP, as far as this machine knows", "let chrony or systemd-timesyncd run")


def keys() -> Iterator[Finding]:
    """Without its keyring the sealed fields are noise."""
    from app.vault import NoKeyring, keyring, seal, unseal

    file = Path(settings().var_dir) / "keys.json"
    try:
        if unseal(seal("银铃")) != "银铃":
            raise ValueError("what was sealed does not open")
    except (NoKeyring, ValueError) as error:
        yield ill("keys", f"no keyring: {error}", "set YINLING_KEYS, or put keys.json back from where you keep it")
        return
    if settings().keys.get_secret_value():
        yield well("keys", f"{len(keyring().seal)} sealing key(s), from YINLING_KEYS")
    elif file.stat().st_mode & 0o077:
        yield ill("keys", f"{file} can be read by others", f"chmod 600 {file}")
    else:
        remedy = "keep a copy in another place: without it names and telephones cannot be read again"
        yield mind("keys", f"{len(keyring().seal)} sealing key(s) in {file}, made for a demo", remedy)


def pages() -> Iterator[Finding]:
    """The screens are built, and not older than their sources."""
    dist = Path(settings().web_dist)
    missing = [entry for entry in ("desk", "phone") if not (dist / entry / "index.html").is_file()]
    if missing:
        yield ill(
            "pages", f"{' and '.join(missing)} not built in {dist}", "run `make demo`, or `npm run build` in web/"
        )
    else:
        yield well("pages", f"built, in {dist}")


def disk() -> Iterator[Finding]:
    """A full disk stops the database first."""
    var = Path(settings().var_dir).resolve()
    place = next(folder for folder in (var, *var.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < LITTLE_DISK_GB:
        yield ill("disk", f"{free:.1f} GB free at {place}", "make room, or move YINLING_VAR_DIR")
    else:
        yield well("disk", f"{free:.0f} GB free at {place}")
