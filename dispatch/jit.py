"""The one door to numba: compiled functions, and the same functions uncompiled for when nobody may wait.

Compiled code is cached under NUMBA_CACHE_DIR, which whoever runs sets by the hash of these sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numba
from numba.core import types

F = TypeVar("F", bound=Callable[..., Any])
_written: dict[Any, Callable[..., Any]] = {}


def compiled(function: F) -> F:
    """No function here allocates, so counting references is left out: it took nine tenths of the time."""
    fast: Any = numba.njit(cache=True, nogil=True, _nrt=False)(function)  # type: ignore[call-overload]
    _written[fast] = function
    template = fast.get_call_template

    def once(args: Any, kws: Any) -> Any:
        """A constant among the arguments is a number like others, or the function would be compiled for each."""
        return template([types.unliteral(a) for a in args], kws)  # type: ignore[no-untyped-call]

    fast.get_call_template = once
    return fast  # type: ignore[no-any-return]


def inlined(function: F) -> F:
    """Compiled into each caller, for what is called all the time: a call hands over every array of its tuples."""
    fast: F = numba.njit(inline="always", nogil=True, _nrt=False)(function)  # type: ignore[call-overload]
    _written[fast] = function
    return fast


def plain(function: F, _modules: dict[str, dict[str, Any]] | None = None) -> F:
    """The function as written, calling only functions as written. It also takes lists where the other takes arrays."""
    modules = {} if _modules is None else _modules
    written = _written[function]
    names = modules.get(written.__module__)
    if names is None:
        names = modules[written.__module__] = dict(written.__globals__)
        for name, value in written.__globals__.items():
            if value.__hash__ is not None and value in _written:
                names[name] = plain(value, modules)
    code = written.__code__
    return FunctionType(code, names, written.__name__, written.__defaults__)  # type: ignore[return-value]


def fingerprint() -> str:
    """Changes with every source of this package; a good name for a cache folder."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def warmed() -> bool:
    """Whether the compiled code of exactly these sources lies in the cache."""
    return _mark().exists()


def remember() -> None:
    """Says to later processes that everything is compiled."""
    _mark().parent.mkdir(parents=True, exist_ok=True)
    _mark().touch()


@cache
def _mark() -> Path:
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent / "__pycache__")
    return folder / f"dispatch-{fingerprint()}-numba-{numba.__version__}.ready"
