"""Problems and plans as JSON, and the JSON Schema of both, all derived from the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from dispatch.plan import Plan
from dispatch.problem import BadProblem, Problem
from dispatch.roster import Roster, RosterProblem
from dispatch.rounds import Rounds, Wave

T = TypeVar("T", Problem, Plan, RosterProblem, Roster, Wave, Rounds)


def to_json(thing: Problem | Plan | RosterProblem | Roster | Wave | Rounds) -> str:
    return json.dumps(_plain(thing), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(kind: type[T], text: str | bytes) -> T:
    """Raises BadProblem("unreadable") with the path of the first thing that does not fit."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadProblem("unreadable", path="", why=str(error)) from None
    thing = _read(kind, value, kind.__name__.lower())
    assert isinstance(thing, kind)
    return thing


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12; `dispatch/schema.json` is the published copy."""
    defs: dict[str, Any] = {}
    for kind in (Problem, Plan):
        _schema_of(kind, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Yinling dispatch",
        "anyOf": [{"$ref": "#/$defs/Problem"}, {"$ref": "#/$defs/Plan"}],
        "$defs": dict(sorted(defs.items())),
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _required(kind: type) -> list[str]:
    missing = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(kind) if f.default is missing and f.default_factory is missing]


def _read(kind: Any, value: Any, path: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(inner[0], value, path)
    if origin is np.ndarray:
        return _matrix(value, path)
    if origin in (tuple, frozenset):
        if not isinstance(value, list):
            raise BadProblem("unreadable", path=path, why="not a list")
        if origin is tuple and Ellipsis not in inner:
            if len(value) != len(inner):
                raise BadProblem("unreadable", path=path, why=f"not {len(inner)} long")
            return tuple(_read(k, item, f"{path}[{i}]") for i, (k, item) in enumerate(zip(inner, value, strict=True)))
        return origin(_read(inner[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise BadProblem("unreadable", path=path, why="not an object")
        try:
            keys = [inner[0](key) for key in value]
        except ValueError:
            raise BadProblem("unreadable", path=path, why=f"a key is not {inner[0].__name__}") from None
        return {key: _read(inner[1], item, f"{path}.{key}") for key, item in zip(keys, value.values(), strict=True)}
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, path)
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise BadProblem("unreadable", path=path, why=f"not {kind.__name__}")
    return value


def _record(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise BadProblem("unreadable", path=path, why="not an object")
    hints = _hints(kind)
    unknown, absent = set(value) - set(hints), set(_required(kind)) - set(value)
    if unknown or absent:
        raise BadProblem("unreadable", path=path, why=f"unknown {sorted(unknown)}, absent {sorted(absent)}")
    return kind(**{name: _read(hints[name], item, f"{path}.{name}") for name, item in value.items()})


def _matrix(value: Any, path: str) -> Any:
    try:
        matrix = np.array(value)
    except ValueError:
        raise BadProblem("unreadable", path=path, why="not a matrix") from None
    if matrix.dtype.kind not in "if":
        raise BadProblem("unreadable", path=path, why="not numbers")
    return matrix


_SIMPLE = {int: "integer", float: "number", str: "string", bool: "boolean"}


def _schema_of(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(inner[0], defs), {"type": "null"}]}
    if origin is np.ndarray:
        return {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": 0}}}
    if origin is tuple:
        return {"type": "array", "items": _schema_of(inner[0], defs)}
    if origin is frozenset:
        return {"type": "array", "items": _schema_of(inner[0], defs), "uniqueItems": True}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema_of(inner[1], defs)}
    if not dataclasses.is_dataclass(kind):
        return {"type": _SIMPLE[kind]}
    name = kind.__name__  # type: ignore[union-attr]
    if name not in defs:
        defs[name] = {}
        defs[name] = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {field: _schema_of(hint, defs) for field, hint in _hints(kind).items()},  # type: ignore[arg-type]
            "required": _required(kind),  # type: ignore[arg-type]
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}
