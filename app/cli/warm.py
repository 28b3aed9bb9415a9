"""Where the solver's compiled code is kept: a folder named after its sources, because numba misses a changed callee.

python -m app.cli.warm      compiles it there
"""

import hashlib
import os
import shutil
from pathlib import Path


def cache_dir(var: Path) -> Path:
    """The folder that belongs to the sources as they are."""
    home = Path(__file__).parents[2] / "dispatch"
    total = hashlib.sha256()
    for file in sorted(home.rglob("*.py")):
        total.update(file.relative_to(home).as_posix().encode() + file.read_bytes())
    return var.resolve() / "numba" / total.hexdigest()[:16]


def main() -> None:
    """Compile everything the search will call, and forget what older sources left."""
    folder = cache_dir(Path(os.environ.get("YINLING_VAR_DIR", "var")))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    import dispatch  # numba reads the variable when it is first imported

    dispatch.warm(lambda step, steps, what: print(f"step {step}/{steps}: {what}", flush=True))  # noqa: T201
    for old in folder.parent.iterdir():
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()
