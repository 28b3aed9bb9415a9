"""Plain OR-Tools routing on the benchmark sets, as its documentation would have one do it: what ours is measured by."""

from __future__ import annotations

from bench.dispatch.apart import PATIENCE, apart, of_the_processor
from dispatch import Assignment, Plan, Problem, plan_of

# Its first solution strategies, best first by trial on A1, A2, B1, C3, D5, E1, F1; each finds nothing somewhere.
STARTS = ("SAVINGS", "PARALLEL_CHEAPEST_INSERTION", "SEQUENTIAL_CHEAPEST_INSERTION")


def hhcrsp(problem: Problem, seconds: float) -> Plan | None:
    """Soft ends of windows, pairs tied by constraints on their times; in a process of its own (it may crash)."""
    for strategy in STARTS:
        found = apart(_route, problem, seconds, strategy, patience=PATIENCE * seconds + 20)
        if found is not None:
            return plan_of(problem, found, engine="ortools")
    return None


def _route(problem: Problem, seconds: float, strategy: str) -> list[Assignment] | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    visits, staff = problem.visits, problem.caregivers
    n, horizon = len(visits), 10_000_000
    places = [v.place for v in visits] + [0]
    road = problem.travel["ebike"]
    manager = pywrapcp.RoutingIndexManager(n + 1, len(staff), n)
    routing = pywrapcp.RoutingModel(manager)
    routing.SetArcCostEvaluatorOfAllVehicles(
        routing.RegisterTransitMatrix([[int(road[i, j]) for j in places] for i in places])
    )
    busy = [v.service for v in visits] + [0]
    clock_matrix = [[int(road[i, j]) + busy[k] for j in places] for k, i in enumerate(places)]
    routing.AddDimension(routing.RegisterTransitMatrix(clock_matrix), horizon, horizon, False, "time")
    clock = routing.GetDimensionOrDie("time")
    solver = routing.solver()
    where = {v.id: manager.NodeToIndex(k) for k, v in enumerate(visits)}
    for visit in visits:
        index = where[visit.id]
        clock.CumulVar(index).SetMin(visit.windows[0].opens)
        clock.SetCumulVarSoftUpperBound(index, visit.windows[0].closes, 1)
        able = [v for v, c in enumerate(staff) if visit.needs <= c.skills]
        routing.VehicleVar(index).SetValues(able)
    for link in problem.links:
        first, second = where[link.first], where[link.second]
        gap = clock.CumulVar(second) - clock.CumulVar(first)
        solver.Add(gap >= link.least)
        solver.Add(gap <= link.most)
        solver.Add(routing.VehicleVar(first) != routing.VehicleVar(second))
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    of_the_processor(routing, parameters, seconds)
    parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
    found = routing.SolveWithParameters(parameters)
    if found is None:
        return None
    crew = {v.id: staff[found.Value(routing.VehicleVar(where[v.id]))].id for v in visits}
    return [Assignment(v.id, found.Min(clock.CumulVar(where[v.id])), (crew[v.id],)) for v in visits]
