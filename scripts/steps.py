"""What the set-up is made of: a command with a progress line, its failure in one sentence, system packages."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
NETWORK = (
    "Temporary failure in name resolution", "NewConnectionError", "ConnectTimeout", "ReadTimeout", "SSLError",
    "ProxyError", "No matching distribution found", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN",
    "ENETUNREACH", "Could not resolve", "Unable to connect to", "Failed to fetch", "503 Service",
)  # fmt: skip
STEP = re.compile(r"step (\d+)/(\d+)")  # what our own long steps say of themselves
PARTS = {"mosquitto": ("mosquitto",), "chromium": ("chromium", "chromium-browser", "google-chrome")}
FONT = "fonts-noto-cjk"


class Trouble(Exception):
    """The set-up cannot go on; the text is one sentence with a way out."""


class Progress:
    """One line that moves on a terminal; elsewhere a line at the start and one at the end."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done = title, total, 0
        self.started, self.tty = time.monotonic(), sys.stdout.isatty()
        self.stopped = threading.Event()

    def __enter__(self) -> "Progress":
        if self.tty:
            self.thread = threading.Thread(target=self.move, daemon=True)
            self.thread.start()
        else:
            print(f"- {self.title} ...", flush=True)
        return self

    def move(self) -> None:
        """Draw five times a second."""
        beat = 0
        while not self.stopped.wait(0.2):
            beat += 1
            full = 24 * min(self.done, self.total) // self.total if self.total else 0
            bar = "█" * full + "░" * (24 - full) if self.total else ("░" * (beat % 24) + "█").ljust(24, "░")
            print(f"\r  {bar}  {self.title}  {self.seconds():.0f} s ", end="", flush=True)

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.started

    def __exit__(self, failure: object, *_: object) -> None:
        self.stopped.set()
        if self.tty:
            self.thread.join()
        mark = "✗" if failure else "✓"
        print(("\r\033[K" if self.tty else "") + f"{mark} {self.title}  {self.seconds():.0f} s", flush=True)


def run(
    title: str, command: Sequence[str], *, cwd: Path = ROOT, total: int = 0, marks: Tuple[str, ...] = ()
) -> None:  # fmt: skip
    """Run one step; its output goes to a log, and a failure is told in a sentence."""
    log = ROOT / "var" / "log" / ("setup-" + title.lower().replace(" ", "-") + ".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: List[str] = []
    with Progress(title, total) as progress, log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=str(cwd), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdout is not None
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace")
                output.write(line)
                lines.append(line.strip())
                progress.done += line.startswith(marks) if marks else 0
                step = STEP.match(line)
                if step:
                    progress.done, progress.total = int(step[1]), int(step[2])
            code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
        if code != 0:
            raise Trouble(why(title, lines, log))


def why(title: str, lines: List[str], log: Path) -> str:
    """The likely reason and the way out."""
    text = "\n".join(lines[-80:])
    if "No space left on device" in text or "ENOSPC" in text:
        return f"{title}: the disk is full. Make room (about 3 GB) and run the command again; what was done is kept."
    if "DO NOT MATCH THE HASHES" in text:
        return f"{title}: a package is not the locked one and was not installed. {log} says which; try another mirror."
    if any(sign in text for sign in NETWORK):
        return (
            f"{title}: the package registry could not be reached, or lacks a package. Check the network, proxy and "
            "mirror (`pip config list`, `npm config get registry`) and run the command again; what was done is kept. "
            f"Details: {log}"
        )
    return f"{title} failed. The end of {log}:\n" + "\n".join("  " + line for line in lines[-12:])


def missing_parts() -> List[str]:
    """Debian's names of what the tests want and this machine lacks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    absent = [name for name, commands in PARTS.items() if not any(shutil.which(c, path=path) for c in commands)]
    return absent if has_chinese_font() else [*absent, FONT]


def has_chinese_font() -> bool:
    """Without one, screenshots show boxes."""
    try:
        answer = subprocess.run(["fc-list", ":lang=zh", "family"], stdout=subprocess.PIPE, check=False)
    except OSError:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    return bool(answer.stdout.strip())


def apt_get() -> Optional[List[str]]:
    """How apt-get may be called here without asking anybody; None where it may not."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    ):
        return ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    return None


def apt_install(apt: List[str], names: List[str]) -> None:
    """Install system packages; what fails is named afterwards, not here."""
    try:
        run("List of system packages", [*apt, "update"])
        run("System packages: " + " ".join(names), [*apt, "install", "-y", "--no-install-recommends", *names])
    except Trouble as trouble:
        print(trouble, flush=True)
