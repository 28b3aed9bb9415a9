"""A day's visits in, a plan out: a pure library without database, network or clock.

plan = solve(problem, seconds=10, seed=1)
list(faults(problem, plan))   # what an independent judge has against it: nothing
"""

from dispatch.candidates import candidates
from dispatch.check import Fault, faults
from dispatch.events import (
    Cancelled,
    Candidate,
    Diff,
    Event,
    Handed,
    Late,
    Moved,
    NoShow,
    Reason,
    Relaxation,
    Sick,
    Urgent,
)
from dispatch.explain import explain
from dispatch.impossible import bad
from dispatch.layout import plan_of
from dispatch.plan import Assignment, Plan, Rest, Route, Stop, Unserved
from dispatch.problem import BadProblem, Break, Caregiver, Link, Problem, Promise, Shift, Visit, Weights, Window
from dispatch.regions import solve_large
from dispatch.replan import replan
from dispatch.roster import Line, Roster, RosterPlan, RosterProblem, Worker, solve_roster
from dispatch.roster_check import roster_faults
from dispatch.roster_why import nobody
from dispatch.rounds import Delivery, Rider, Rounds, Trip, Wave, deliver
from dispatch.rounds_check import wrong
from dispatch.rounds_why import NotDelivered, in_order, not_delivered
from dispatch.solve import solve
from dispatch.warm import warm
from dispatch.wire import from_json, schema, to_json

__all__ = [
    "Assignment",
    "BadProblem",
    "Break",
    "Cancelled",
    "Candidate",
    "Caregiver",
    "Delivery",
    "Diff",
    "Event",
    "Fault",
    "Handed",
    "Late",
    "Line",
    "Link",
    "Moved",
    "NoShow",
    "NotDelivered",
    "Plan",
    "Problem",
    "Promise",
    "Reason",
    "Relaxation",
    "Rest",
    "Rider",
    "Roster",
    "RosterPlan",
    "RosterProblem",
    "Rounds",
    "Route",
    "Shift",
    "Sick",
    "Stop",
    "Trip",
    "Unserved",
    "Urgent",
    "Visit",
    "Wave",
    "Weights",
    "Window",
    "Worker",
    "bad",
    "candidates",
    "deliver",
    "explain",
    "faults",
    "from_json",
    "in_order",
    "nobody",
    "not_delivered",
    "plan_of",
    "replan",
    "roster_faults",
    "schema",
    "solve",
    "solve_large",
    "solve_roster",
    "to_json",
    "warm",
    "wrong",
]
