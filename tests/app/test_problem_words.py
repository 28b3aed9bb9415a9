"""Every refusal has words on the screens in both languages, so nobody at a Chinese page reads the server's English."""

import ast
import json
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@cache
def refusals() -> list[str]:
    """Names of all classes below CareError in the source, imported or not: the words of a type hang on its name."""
    trees = (ast.parse(file.read_text("utf-8")) for file in (ROOT / "app").rglob("*.py"))
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"CareError"}
    bases = {(one.name, ast.unparse(base).split(".")[-1]) for one in classes for base in one.bases}
    while more := {name for name, base in bases if base in found} - found:
        found |= more
    return sorted(found - {"CareError"})


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_refusal_has_words(language: str) -> None:
    folder = ROOT / "web/src/locales" / language
    shared, desk = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("shared", "refusals"))
    words = shared["problem"] | desk
    assert len(refusals()) > 100
    assert [name for name in refusals() if not words.get(name)] == []
