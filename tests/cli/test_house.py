"""What the house asks of every file: short, and open with a sentence that says what it is for."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "migrations"  # as long as the schema
CODE = (".py", ".ts", ".vue")
LONGEST = 400
WRITTEN_BY_MACHINE = ("schema.d.ts",)


def files() -> list[Path]:
    """Every source file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [ROOT / name for name in names if name.endswith(CODE) and not name.endswith(WRITTEN_BY_MACHINE)]
    return [path for path in paths if path.exists()]


def test_no_file_is_too_long_to_be_read_in_one_sitting() -> None:
    lengths = {p: len(p.read_text().splitlines()) for p in files() if not p.is_relative_to(MIGRATIONS)}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST} == {}


def test_every_python_file_opens_with_a_sentence() -> None:
    mute = [
        p for p in files() if p.suffix == ".py" and (text := p.read_text()) and not ast.get_docstring(ast.parse(text))
    ]
    assert [str(p.relative_to(ROOT)) for p in mute] == []
