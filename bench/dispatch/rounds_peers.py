"""What delivery rounds are measured by: PyVRP, VROOM and plain OR-Tools, where each can express the day.

PyVRP counts seconds of the processor as ours does; VROOM runs to its own end; OR-Tools knows the wall's clock only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from bench.dispatch.apart import PATIENCE, apart, of_the_processor
from dispatch import Rounds, Trip, Wave

Engine = Callable[[Wave, float, int], Rounds | None]


def pyvrp(wave: Wave, seconds: float, seed: int) -> Rounds | None:
    """Reloads and release times are its own features."""
    import pyvrp as peer

    begun = time.process_time()
    locations = [peer.Location(0, 0) for _ in wave.travel]
    depots = [peer.Depot(location=wave.kitchen)]
    clients = [
        peer.Client(
            d.place, delivery=[d.amount], service_duration=d.service, tw_early=d.window.opens,
            tw_late=d.window.closes, release_time=d.ready,
        )
        for d in wave.deliveries
    ]  # fmt: skip
    rider = wave.riders[0]
    more = {"reload_depots": [0]} if wave.several else {}
    types = [
        peer.VehicleType(len(wave.riders), [rider.room], 0, 0, tw_early=rider.start, tw_late=rider.end, **more)
    ]  # fmt: skip
    matrix = np.ascontiguousarray(wave.travel)
    data = peer.ProblemData(locations, clients, depots, types, [matrix], [matrix])
    result = peer.solve(data, stop=lambda *_: time.process_time() - begun > seconds, seed=seed, collect_stats=False)
    if not result.is_feasible():
        return None
    trips: dict[tuple[int, int], list[int]] = {}
    for rider_no, route in enumerate(result.best.routes()):
        for activity in route.schedule():
            if activity.is_client():
                trips.setdefault((rider_no, activity.trip), []).append(activity.idx)
    told = [(rider_no, stops) for (rider_no, _), stops in trips.items()]
    return _driven(wave, told, result.num_iterations)


def vroom(wave: Wave, seconds: float, seed: int) -> Rounds | None:
    """Its deepest exploration, on one thread."""
    import vroom as peer

    question = peer.Input()
    question.set_durations_matrix("car", wave.travel.astype(np.uint32))
    for k, rider in enumerate(wave.riders):
        question.add_vehicle(
            peer.Vehicle(
                k, start=wave.kitchen, end=wave.kitchen, capacity=[rider.room],
                time_window=peer.TimeWindow(rider.start, rider.end),
            )
        )  # fmt: skip
    for k, d in enumerate(wave.deliveries):
        window = peer.TimeWindow(d.window.opens, d.window.closes)
        question.add_job(
            peer.Job(
                k, location=d.place, default_service=d.service, delivery=peer.Amount([d.amount]), time_windows=[window]
            )
        )
    answer = question.solve(exploration_level=5, nb_threads=1)
    steps = answer.routes
    jobs = steps[steps["type"] == "job"]
    by: dict[int, list[int]] = {}
    for vehicle, job in zip(jobs["vehicle_id"], jobs["id"], strict=True):
        by.setdefault(int(vehicle), []).append(int(job))
    return _driven(wave, list(by.items()), 0)


def ortools(wave: Wave, seconds: float, seed: int) -> Rounds | None:
    """Parallel cheapest insertion, then guided local search, in a process of its own (it may crash)."""
    del seed  # it has none
    found = apart(_ortools, wave, seconds, patience=PATIENCE * seconds + 20)
    return None if found is None else _driven(wave, found, 0)


def _ortools(wave: Wave, seconds: float) -> list[tuple[int, list[int]]] | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    doors, rider, n = wave.deliveries, wave.riders[0], len(wave.deliveries)
    places = [d.place for d in doors] + [wave.kitchen]
    road = wave.travel[np.ix_(places, places)]
    manager = pywrapcp.RoutingIndexManager(n + 1, len(wave.riders), n)
    routing = pywrapcp.RoutingModel(manager)
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(road.tolist()))
    busy = np.array([d.service for d in doors] + [0])
    clock_transit = routing.RegisterTransitMatrix((road + busy[:, None]).tolist())
    routing.AddDimension(clock_transit, rider.end, rider.end, False, "time")
    amounts = routing.RegisterUnaryTransitVector([d.amount for d in doors] + [0])
    routing.AddDimension(amounts, 0, rider.room, True, "load")
    clock, solver = routing.GetDimensionOrDie("time"), routing.solver()
    where = {d.id: manager.NodeToIndex(k) for k, d in enumerate(doors)}
    for d in doors:
        clock.CumulVar(where[d.id]).SetRange(d.window.opens, d.window.closes)
        if d.brings is not None:
            routing.AddPickupAndDelivery(where[d.brings], where[d.id])
            solver.Add(routing.VehicleVar(where[d.brings]) == routing.VehicleVar(where[d.id]))
            solver.Add(clock.CumulVar(where[d.brings]) <= clock.CumulVar(where[d.id]))
    if wave.fewest:
        routing.SetFixedCostOfAllVehicles(int(road.max()) * n)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    of_the_processor(routing, parameters, seconds)
    found = routing.SolveWithParameters(parameters)
    if found is None:
        return None
    trips: list[tuple[int, list[int]]] = []
    for vehicle in range(len(wave.riders)):
        index, stops = found.Value(routing.NextVar(routing.Start(vehicle))), []
        while not routing.IsEnd(index):
            stops.append(manager.IndexToNode(index))
            index = found.Value(routing.NextVar(index))
        if stops:
            trips.append((vehicle, stops))
    return trips


def _driven(wave: Wave, trips: Sequence[tuple[int, Sequence[int]]], iterations: int) -> Rounds:
    """Routes of others, driven as early as may be; the judge then says what is wrong with them."""
    free = {k: rider.start for k, rider in enumerate(wave.riders)}
    told, way = [], 0
    for rider, stops in trips:
        doors = [wave.deliveries[j] for j in stops]
        now, here, starts = max([free[rider], *(d.ready for d in doors)]), wave.kitchen, []
        leaves = now
        for d in doors:
            step = int(wave.travel[here, d.place])
            now, way = max(d.window.opens, now + step), way + step
            starts.append((d.id, now))
            now, here = now + d.service, d.place
        step = int(wave.travel[here, wave.kitchen])
        way += step
        free[rider] = now + step + wave.reload
        told.append(Trip(wave.riders[rider].id, leaves, tuple(starts), now + step))
    served = {name for trip in told for name, _ in trip.stops}
    missing = tuple(d.id for d in wave.deliveries if d.id not in served)
    return Rounds(tuple(told), missing, {"way": way}, iterations)


ENGINES: dict[str, Engine] = {"pyvrp": pyvrp, "vroom": vroom, "ortools": ortools}
