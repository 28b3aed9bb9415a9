"""District days by other engines: plain OR-Tools with all there is, PyVRP and VROOM on days without pairs and breaks.

Each gets what its documentation offers for the rule; whatever comes out is judged and counted by our own evaluator.
On the L days OR-Tools is not told who is familiar: a matrix for each caregiver would take hundreds of gigabytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from bench.dispatch import greedy_start
from bench.dispatch.apart import PATIENCE, apart, of_the_processor
from dispatch import Assignment, Caregiver, Plan, Problem, Shift, Visit, plan_of
from dispatch.problem import Matrix

Engine = Callable[[Problem, float, int], Plan | None]
Trip = tuple[int, list[tuple[int, int]]]  # shift, (node, start)
HORIZON = 1440
MATRICES = 1 << 30  # numbers up to which each caregiver gets costs of their own; 8 bytes each
GREEDY = "GREEDY"  # not one of its own strategies: see greedy_start


def _shifts(problem: Problem) -> list[tuple[Caregiver, Shift]]:
    return [(c, shift) for c in problem.caregivers for shift in c.shifts]


def _nodes(problem: Problem) -> list[Visit]:
    """A visit for two is there twice."""
    return [v for v in problem.visits for _ in range(v.caregivers)]


def _able(problem: Problem, visits: list[Visit]) -> list[list[int]]:
    """For each node the shifts that may serve it. The second of a pair needs what the helper needs."""
    seen: set[str] = set()
    found = []
    for visit in visits:
        needs = visit.needs if visit.id not in seen or visit.helper_needs is None else visit.helper_needs
        seen.add(visit.id)
        found.append([k for k, (c, _) in enumerate(_shifts(problem)) if needs <= c.skills])
    return found


def ortools(strategy: str) -> Engine:
    """Plain routing from one first solution strategy, in a process of its own: it may crash, or find nothing."""

    def run(problem: Problem, seconds: float, seed: int) -> Plan | None:
        del seed  # it has none
        found = apart(_ortools, problem, seconds, strategy, patience=PATIENCE * seconds + 300)
        return None if found is None else _plan(problem, found)

    return run


def _ortools(problem: Problem, seconds: float, strategy: str) -> list[Trip] | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    visits, shifts, w = _nodes(problem), _shifts(problem), problem.weights
    n, count, road = len(visits), len(shifts), problem.travel["ebike"]
    homes = [c.start for c, _ in shifts]
    places = np.array([v.place for v in visits] + homes)
    starts = list(range(n, n + count))
    manager = pywrapcp.RoutingIndexManager(n + count, count, starts, starts)
    routing = pywrapcp.RoutingModel(manager)
    travel = road[np.ix_(places, places)]
    service = np.array([v.service for v in visits] + [0] * count)
    transit = routing.RegisterTransitMatrix((travel + service[:, None]).tolist())
    kinds: dict[str, int] = {}
    personal = travel.size * len(problem.caregivers) <= MATRICES
    for k, (caregiver, _) in enumerate(shifts):
        who = caregiver.id if personal else ""
        if who not in kinds:
            fee = np.array([w.unfamiliar * (bool(v.known) and who not in v.known) for v in visits] + [0] * count)
            kinds[who] = routing.RegisterTransitMatrix((w.travel * travel + personal * fee[None, :]).tolist())
        routing.SetArcCostEvaluatorOfVehicle(kinds[who], k)
    routing.AddDimension(transit, HORIZON, HORIZON, False, "time")
    routing.AddDimension(transit, 0, HORIZON, True, "work")
    clock, work, solver = routing.GetDimensionOrDie("time"), routing.GetDimensionOrDie("work"), routing.solver()
    where = [manager.NodeToIndex(k) for k in range(n)]
    able = _able(problem, visits)
    for k, visit in enumerate(visits):
        window = visit.windows[0]
        clock.CumulVar(where[k]).SetRange(window.opens, window.closes)
        routing.VehicleVar(where[k]).SetValues([-1, *able[k]])
        routing.AddDisjunction([where[k]], visit.prize // visit.caregivers)
    for k, visit in enumerate(visits):
        if k and visits[k - 1].id == visit.id:
            one, two = where[k - 1], where[k]
            solver.Add(clock.CumulVar(one) == clock.CumulVar(two))
            solver.Add(routing.ActiveVar(one) == routing.ActiveVar(two))
            both = routing.ActiveVar(one)
            solver.Add(both * (routing.VehicleVar(one) == routing.VehicleVar(two)) == 0)
    first = {v.id: where[k] for k, v in reversed(list(enumerate(visits)))}
    for link in problem.links:
        one, two = first[link.first], first[link.second]
        both = routing.ActiveVar(one) * routing.ActiveVar(two)
        gap = clock.CumulVar(two) - clock.CumulVar(one)
        solver.Add(both * (gap < link.least) == 0)
        solver.Add(both * (gap > link.most) == 0)
    busy = [v.service for v in visits] + [0] * count
    for k, (caregiver, shift) in enumerate(shifts):
        clock.CumulVar(routing.Start(k)).SetRange(shift.start, shift.end)
        clock.CumulVar(routing.End(k)).SetRange(shift.start, shift.end)
        if caregiver.fair_work is not None:
            work.SetCumulVarSoftUpperBound(routing.End(k), caregiver.fair_work, w.overload)
        rests = [
            solver.FixedDurationIntervalVar(b.opens, b.closes - b.ticks, b.ticks, False, f"rest {k}")
            for b in shift.breaks
        ]
        if rests:
            by_index = [busy[manager.IndexToNode(i)] for i in range(routing.Size())]
            clock.SetBreakIntervalsOfVehicle(rests, k, by_index)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    if strategy != GREEDY:
        parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    of_the_processor(routing, parameters, seconds)
    if strategy == GREEDY:
        routing.CloseModelWithParameters(parameters)  # else the start's parameters would be the default ones
        begun = routing.ReadAssignmentFromRoutes(greedy_start.routes(problem, visits, shifts, able), True)
        found = routing.SolveFromAssignmentWithParameters(begun, parameters) if begun is not None else None
    else:
        found = routing.SolveWithParameters(parameters)
    if found is None:
        return None
    trips: list[Trip] = []
    for k in range(count):
        index, stops = found.Value(routing.NextVar(routing.Start(k))), []
        while not routing.IsEnd(index):
            stops.append((manager.IndexToNode(index), found.Min(clock.CumulVar(index))))
            index = found.Value(routing.NextVar(index))
        trips.append((k, stops))
    return trips


def _plan(problem: Problem, trips: list[Trip]) -> Plan:
    """Of a visit for two, the caregiver of the first node is the one who meets `needs`."""
    visits, shifts = _nodes(problem), _shifts(problem)
    crew: dict[str, dict[int, str]] = {}
    start: dict[str, int] = {}
    for shift, stops in trips:
        for node, at in stops:
            crew.setdefault(visits[node].id, {})[node] = shifts[shift][0].id
            start[visits[node].id] = at
    told = [Assignment(v, start[v], tuple(name for _, name in sorted(who.items()))) for v, who in crew.items()]
    return plan_of(problem, told)


def pyvrp(problem: Problem, seconds: float, seed: int) -> Plan | None:
    """One profile for each set of skills; the way to who may not be served is a hundred days."""
    import pyvrp as peer

    begun = time.process_time()
    visits, shifts, road = _nodes(problem), _shifts(problem), problem.travel["ebike"]
    homes = [c.start or 0 for c, _ in shifts]
    places = [v.place for v in visits] + homes
    n, travel = len(visits), road[np.ix_(places, places)]
    locations = [peer.Location(0, 0) for _ in places]
    clients = [
        peer.Client(
            k, service_duration=v.service, tw_early=v.windows[0].opens, tw_late=v.windows[0].closes, prize=v.prize,
            required=False,
        )
        for k, v in enumerate(visits)
    ]  # fmt: skip
    able = _able(problem, visits)
    profiles: dict[frozenset[str], int] = {}
    matrices: list[Matrix] = []
    types = []
    for k, (caregiver, shift) in enumerate(shifts):
        if caregiver.skills not in profiles:
            profiles[caregiver.skills] = len(matrices)
            matrix = travel.copy()
            matrix[:, [j for j in range(n) if k not in able[j]]] = 100 * HORIZON
            np.fill_diagonal(matrix, 0)
            matrices.append(matrix)
        types.append(
            peer.VehicleType(1, [], k, k, tw_early=shift.start, tw_late=shift.end, profile=profiles[caregiver.skills])
        )
    depots = [peer.Depot(location=n + k) for k in range(len(shifts))]
    data = peer.ProblemData(locations, clients, depots, types, matrices, matrices)
    result = peer.solve(data, stop=lambda *_: time.process_time() - begun > seconds, seed=seed, collect_stats=False)
    if not result.is_feasible():
        return None
    return _plan(problem, list(_driven(problem, ((r.vehicle_type(), r) for r in result.best.routes()))))


def _driven(problem: Problem, routes: Iterator[tuple[int, object]]) -> Iterator[Trip]:
    for shift, route in routes:
        stops = [a.idx for a in route.schedule() if a.is_client()]  # type: ignore[attr-defined]
        yield shift, list(_earliest(problem, shift, stops))


def _earliest(problem: Problem, shift: int, stops: list[int]) -> Iterator[tuple[int, int]]:
    visits, (caregiver, hours), road = _nodes(problem), _shifts(problem)[shift], problem.travel["ebike"]
    now, here = hours.start, caregiver.start or 0
    for node in stops:
        visit = visits[node]
        now = max(visit.windows[0].opens, now + int(road[here, visit.place]))
        yield node, now
        now, here = now + visit.service, visit.place


def vroom(problem: Problem, seconds: float, seed: int) -> Plan | None:
    """Priorities stand for prizes: it serves as much as it can before it shortens ways."""
    import vroom as peer

    visits, shifts, road = _nodes(problem), _shifts(problem), problem.travel["ebike"]
    names = sorted({skill for c in problem.caregivers for skill in c.skills})
    index = {name: k for k, name in enumerate(names)}
    question = peer.Input()
    question.set_durations_matrix("car", road.astype(np.uint32))
    for k, (caregiver, shift) in enumerate(shifts):
        question.add_vehicle(
            peer.Vehicle(
                k, start=caregiver.start, end=caregiver.end, skills={index[s] for s in caregiver.skills},
                time_window=peer.TimeWindow(shift.start, shift.end),
            )
        )  # fmt: skip
    for k, v in enumerate(visits):
        window = peer.TimeWindow(v.windows[0].opens, v.windows[0].closes)
        question.add_job(
            peer.Job(
                k, location=v.place, default_service=v.service, skills={index[s] for s in v.needs},
                priority=min(100, v.prize // 100), time_windows=[window],
            )
        )  # fmt: skip
    steps = question.solve(exploration_level=5, nb_threads=1).routes
    jobs = steps[steps["type"] == "job"]
    by: dict[int, list[int]] = {}
    for vehicle, job in zip(jobs["vehicle_id"], jobs["id"], strict=True):
        by.setdefault(int(vehicle), []).append(int(job))
    return _plan(problem, [(k, list(_earliest(problem, k, stops))) for k, stops in by.items()])


ENGINES: dict[str, Engine] = {
    "ortools-parallel": ortools("PARALLEL_CHEAPEST_INSERTION"),
    "ortools-local": ortools("LOCAL_CHEAPEST_INSERTION"),
    "ortools-greedy": ortools(GREEDY),
    "pyvrp": pyvrp,
    "vroom": vroom,
}
