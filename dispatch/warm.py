"""Compiles the search at set-up, so that no dispatcher ever waits for a compiler."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import numpy as np

from dispatch.arrays import FAR
from dispatch.board import Board
from dispatch.jit import remember, warmed
from dispatch.problem import Break, Caregiver, Problem, Shift, Visit, Window
from dispatch.rounds import Delivery, Rider, Wave, deliver
from dispatch.solve import improve

STEPS = 4


def warm(progress: Callable[[int, int, str], object] | None = None) -> None:
    """Called once by whoever installs, with NUMBA_CACHE_DIR set; `progress` gets (step, steps, what)."""

    def tell(step: int, what: str) -> None:
        if progress is not None:
            progress(step, STEPS, what)

    if warmed():
        tell(STEPS, "ready")
        return
    beside = multiprocessing.get_context("spawn").Process(target=rounds)
    beside.start()
    staff = tuple(Caregiver(name, (Shift(0, 100, (Break(40, 60, 5),)),)) for name in ("a", "b"))
    visits = tuple(Visit(f"v{k}", 0, (Window(0, 90),), 5, caregivers=1 + k % 2) for k in range(4))
    board = Board(Problem(staff, visits, {"ebike": np.zeros((1, 1), dtype=np.int64)}), fast=True)
    tell(0, "times")
    board.insert(0)
    tell(1, "insertion")
    board.construct()
    tell(2, "search")
    improve(board, seconds=None, iterations=2, progress=None)
    board.kernel.scan_route(board.f, board.s, 0, 0, -1, FAR)
    board.remove(0)
    board.offers(0, -1, -FAR, FAR)
    board.probe(0, [], 1)
    tell(3, "rounds")
    beside.join()
    rounds()
    remember()
    tell(STEPS, "ready")


def rounds() -> None:
    """The rounds' part, compiled by a process of its own; again here it is read from the cache."""
    doors = (Delivery("a", 1, Window(0, 99), 1), Delivery("b", 2, Window(0, 99), 1, amount=-1, brings="a"))
    road = np.ones((3, 3), dtype=np.int64)
    deliver(Wave(doors, (Rider("r", 0, 99, 2),), road, several=False, fewest=True), iterations=8, fast=True)
