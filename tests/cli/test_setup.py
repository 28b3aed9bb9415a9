"""The set-up on machines that are not as they should be: one sentence, and a way out."""

import ast
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import setup, steps

ROOT = Path(__file__).parents[2]
NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def checkout() -> Iterator[Path]:
    """What the set-up reads of a clone, in a folder that every account can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="银铃 clone "))
    folder.chmod(0o755)
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    yield folder
    shutil.rmtree(folder)


def told(
    checkout: Path, *, python: str = sys.executable, user: int | None = None, env: Mapping[str, str] | None = None
) -> str:
    """What the set-up says when it gives up."""
    command = [python, "-B", "-m", "scripts.setup"]
    plain = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", **(env or {})}
    result = subprocess.run(command, cwd=checkout, env=plain, capture_output=True, text=True, user=user, check=False)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr.strip()


def test_a_folder_that_cannot_be_written_is_named(checkout: Path) -> None:
    if os.geteuid() == 0:
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False).returncode:
            pytest.skip("no Python that another account may run")
        said = told(checkout, python=python, user=NOBODY)
    else:
        checkout.chmod(0o555)
        said = told(checkout)
        checkout.chmod(0o755)
    assert said.startswith(f"{checkout} cannot be written (Permission denied): clone into a folder of your own")


@pytest.mark.alone
def test_without_a_registry_it_says_so_and_keeps_what_was_done(checkout: Path) -> None:
    nowhere = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    said = told(checkout, env=nowhere)
    assert said.startswith("Python packages: the package registry could not be reached")
    assert "run the command again; what was done is kept" in said
    assert (checkout / ".venv" / "bin" / "python").exists()


@pytest.mark.parametrize("file", ["setup.py", "steps.py"])
def test_an_old_python_can_at_least_read_that_it_is_too_old(file: str) -> None:
    ast.parse((ROOT / "scripts" / file).read_text(), feature_version=(3, 7))


def test_which_pythons_and_nodes_will_do() -> None:
    assert [v for v in ((3, 9), (3, 10), (3, 11), (3, 13), (3, 14)) if setup.suits(v)] == [(3, 11), (3, 13)]
    versions = ["v18.20.0", "v20.18.3", "v20.19.0", "v21.7.3", "v22.11.0", "v22.12.0", "v24.1.0"]
    assert [v for v in versions if setup.fits(v)] == ["v20.19.0", "v22.12.0", "v24.1.0"]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "the disk is full"),
        ("npm ERR! code ENOSPC", "the disk is full"),
        ("Temporary failure in name resolution", "the package registry could not be reached"),
        ("npm ERR! network request failed, reason: getaddrinfo ENOTFOUND", "the package registry could not be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "is not the locked one"),
        ("error TS2304: Cannot find name", "failed. The end of"),
    ],
)
def test_a_failure_is_told_in_a_sentence(output: str, sentence: str, tmp_path: Path) -> None:
    assert sentence in steps.why("Packages", ["some", "lines", output], tmp_path / "log")


def test_the_lock_files_carry_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index-url" not in text


def test_the_lock_files_know_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for lock, wanted in (
        ("base.lock", project["dependencies"]),
        ("dev.lock", [*project["dependencies"], *project["optional-dependencies"]["dev"]]),
    ):
        lines = (ROOT / "requirements" / lock).read_text().splitlines()
        pins = dict(line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith(" "))
        for text in wanted:
            requirement = Requirement(text)
            assert requirement.specifier.contains(pins[requirement.name]), f"{text} in {lock}: run `make lock`"
