"""OR-Tools routing as an engine that can be asked for by name, always in a fresh process."""

from __future__ import annotations

from dispatch.plan import Plan
from dispatch.problem import Problem


def solve(problem: Problem, *, seconds: float, seed: int, start: Plan | None, progress: object) -> Plan:
    raise NotImplementedError
