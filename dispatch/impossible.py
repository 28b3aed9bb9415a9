"""Faults of a problem that can be named before any search, so that nobody gets a bad plan for a bad question."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dispatch.problem import BadProblem, Problem, Shift, Visit

LIMIT = 2**40  # ticks: beyond any day, far inside 64 bits


def bad(problem: Problem) -> list[BadProblem]:
    """Every named fault; an empty list means that the search may begin."""
    return [fault for rule in RULES for fault in rule(problem)]


def refuse(problem: Problem) -> None:
    """Raises the first fault."""
    for rule in RULES:
        for fault in rule(problem):
            raise fault


def somebody_works(problem: Problem) -> Iterator[BadProblem]:
    if not problem.caregivers:
        yield BadProblem("no_caregivers")


def ids_are_unique(problem: Problem) -> Iterator[BadProblem]:
    for kind, things in (("caregiver", problem.caregivers), ("visit", problem.visits)):
        seen: set[str] = set()
        for thing in things:
            if thing.id in seen:
                yield BadProblem("id_twice", kind=kind, id=thing.id)
            seen.add(thing.id)


def matrices_are_sound(problem: Problem) -> Iterator[BadProblem]:
    """Square, whole, not negative, not NaN."""
    for mode, matrix in problem.travel.items():
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            yield BadProblem("matrix_not_square", mode=mode, shape=list(matrix.shape))
            continue
        wrong = ~np.isfinite(matrix)
        if not wrong.any():
            wrong = (matrix < 0) | (matrix != np.floor(matrix)) | (matrix > LIMIT)
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            yield BadProblem("matrix_value", mode=mode, origin=row, target=column, value=str(matrix[row, column]))


def places_exist(problem: Problem) -> Iterator[BadProblem]:
    sizes = {mode: len(matrix) for mode, matrix in problem.travel.items()}
    for caregiver in problem.caregivers:
        if caregiver.mode not in sizes:
            yield BadProblem("mode_unknown", caregiver=caregiver.id, mode=caregiver.mode)
            continue
        for place in (caregiver.start, caregiver.end):
            if place is not None and not 0 <= place < sizes[caregiver.mode]:
                yield BadProblem("place_unknown", caregiver=caregiver.id, place=place)
    smallest = min(sizes.values(), default=0)
    for visit in problem.visits:
        if not 0 <= visit.place < smallest:
            yield BadProblem("place_unknown", visit=visit.id, place=visit.place)


def shifts_are_sound(problem: Problem) -> Iterator[BadProblem]:
    for caregiver in problem.caregivers:
        previous: Shift | None = None
        for shift in caregiver.shifts:
            if not -LIMIT < shift.start <= shift.end < LIMIT or (previous and shift.start < previous.end):
                yield BadProblem("shift_order", caregiver=caregiver.id, start=shift.start, end=shift.end)
            previous = shift
            free = shift.start
            for rest in shift.breaks:
                first = max(free, rest.opens)
                if rest.ticks < 0 or first + rest.ticks > min(rest.closes, shift.end):
                    yield BadProblem("break_does_not_fit", caregiver=caregiver.id, opens=rest.opens, closes=rest.closes)
                free = max(free, rest.opens) + rest.ticks
        limits = (caregiver.max_work, caregiver.fair_work, caregiver.overtime)
        if any(limit is not None and limit < 0 for limit in limits):
            yield BadProblem("negative", caregiver=caregiver.id)


def visits_are_sound(problem: Problem) -> Iterator[BadProblem]:
    for visit in problem.visits:
        if visit.caregivers not in (1, 2):
            yield BadProblem("caregivers_not_1_or_2", visit=visit.id, caregivers=visit.caregivers)
        if min(visit.prize, visit.late) < 0:
            yield BadProblem("negative", visit=visit.id)
        if min([visit.service, *visit.service_by.values()]) < 1:  # without length, two visits at once have no order
            yield BadProblem("no_service", visit=visit.id, service=visit.service)
        if not visit.windows:
            yield BadProblem("no_window", visit=visit.id)
        last = -LIMIT
        for window in visit.windows:
            if window.closes < window.opens or window.opens < last or abs(window.closes) > LIMIT:
                yield BadProblem("window_order", visit=visit.id, opens=window.opens, closes=window.closes)
            last = window.closes


def weights_are_sound(problem: Problem) -> Iterator[BadProblem]:
    weights = problem.weights
    for name in weights.__dataclass_fields__:
        if getattr(weights, name) < 0:
            yield BadProblem("negative", weight=name)


def pins_agree(problem: Problem) -> Iterator[BadProblem]:
    """A pin names people who exist and may, inside a window; two pins never want one person at once.

    What is under way is a fact, no wish: a pin that it makes impossible goes unserved.
    """
    held: dict[str, list[tuple[int, int, Visit]]] = {}
    for visit in problem.visits:
        yield from _own_pins(problem, visit)
        if visit.pinned_start is None:
            continue
        for caregiver_id in set(visit.pinned_caregivers):
            end = visit.pinned_start + visit.service_by.get(caregiver_id, visit.service)
            for start, until, other in held.get(caregiver_id, ()):
                if visit.pinned_start < until and start < end and visit.frozen == other.frozen:
                    yield BadProblem("pins_overlap", caregiver=caregiver_id, visits=[other.id, visit.id])
            held.setdefault(caregiver_id, []).append((visit.pinned_start, end, visit))


def _own_pins(problem: Problem, visit: Visit) -> Iterator[BadProblem]:
    pins, start = visit.pinned_caregivers, visit.pinned_start
    unknown = [c for c in pins if c not in problem.caregiver_of]
    if unknown:
        yield BadProblem("pin_unknown", visit=visit.id, caregivers=unknown)
    if len(pins) > visit.caregivers or len(set(pins)) < len(pins):
        yield BadProblem("pin_count", visit=visit.id, caregivers=list(pins))
    if visit.frozen:
        if start is None or len(pins) != visit.caregivers:
            yield BadProblem("frozen_without_pins", visit=visit.id)
        return
    forbidden = [c for c in pins if c in visit.banned or (visit.allowed is not None and c not in visit.allowed)]
    if forbidden and not visit.waived & {"banned", "allowed"}:
        yield BadProblem("pin_contradicts_ban", visit=visit.id, caregivers=forbidden)
    inside = any(w.opens <= start <= w.closes for w in visit.windows) if start is not None else True
    soft = (
        start is not None
        and visit.windows
        and visit.windows[-1].closes < start <= visit.windows[-1].closes + visit.late
    )
    if not inside and not soft and "window" not in visit.waived:
        yield BadProblem("pin_outside_window", visit=visit.id, start=start)


def links_are_sound(problem: Problem) -> Iterator[BadProblem]:
    for link in problem.links:
        if not {link.first, link.second} <= problem.visit_of.keys() or link.first == link.second:
            yield BadProblem("link_unknown", first=link.first, second=link.second)
            continue
        first, second = problem.visit(link.first), problem.visit(link.second)
        if link.least > link.most:
            yield BadProblem("link_contradicts_itself", first=link.first, second=link.second)
        asked = not first.frozen and not second.frozen  # what is under way is a fact: the other may go unserved
        if asked and first.pinned_start is not None and second.pinned_start is not None:
            gap = second.pinned_start - first.pinned_start
            if not link.least <= gap <= link.most:
                yield BadProblem("pins_contradict_link", first=link.first, second=link.second, gap=gap)


RULES = (
    somebody_works,
    ids_are_unique,
    matrices_are_sound,
    places_exist,
    shifts_are_sound,
    visits_are_sound,
    weights_are_sound,
    pins_agree,
    links_are_sound,
)
