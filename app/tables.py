"""Every table of the platform, so that the metadata is whole: for migrations and tests."""

from app.access import tables as access
from app.alarms import climbing_tables as climbing
from app.alarms import handling_tables as handling
from app.alarms import sending_tables as sending
from app.alarms import tables as alarms
from app.allowances import tables as allowances
from app.assessments import tables as assessments
from app.calls import tables as calls
from app.care_plans import tables as care_plans
from app.catalogue import tables as catalogue
from app.commands import tables as commands
from app.db import Base
from app.desk import wall_tables as wall
from app.equipment import installing_tables as installing
from app.equipment import tables as equipment
from app.escalation import tables as escalation
from app.family import tables as family
from app.funding import tables as funding
from app.history import History
from app.idempotency import KeptAnswer
from app.imports import tables as imports
from app.jobs import tables as jobs
from app.lone import tables as lone
from app.meal_rounds import tables as meal_rounds
from app.meals import standing_tables as standing_meals
from app.meals import tables as meals
from app.messages import push_tables as push
from app.messages import tables as messages
from app.monitoring import tables as monitoring
from app.orders import tables as orders
from app.people import life_tables as life
from app.people import riding_tables as ridings
from app.people import tables as people
from app.performance import tables as performance
from app.places import tables as places
from app.planning import mark_tables as marks
from app.planning import replan_tables as replans
from app.planning import roster_tables as rosters
from app.planning import tables as planning
from app.rental import tables as rental
from app.settlement import tables as settlement
from app.stock import tables as stock
from app.supervision import tables as supervision
from app.visits import appeal_tables as appeals
from app.visits import photo_tables as photos
from app.visits import proof_tables as proofs
from app.visits import tables as visits
from app.welfare import tables as welfare
from app.what_if import tables as what_ifs
from app.workers import tables as workers

metadata = Base.metadata
__all__ = [
    "History",
    "KeptAnswer",
    "access",
    "alarms",
    "allowances",
    "appeals",
    "assessments",
    "calls",
    "care_plans",
    "catalogue",
    "climbing",
    "commands",
    "equipment",
    "escalation",
    "family",
    "funding",
    "handling",
    "imports",
    "installing",
    "jobs",
    "life",
    "lone",
    "marks",
    "meal_rounds",
    "meals",
    "messages",
    "metadata",
    "monitoring",
    "orders",
    "people",
    "performance",
    "photos",
    "places",
    "planning",
    "proofs",
    "push",
    "rental",
    "replans",
    "ridings",
    "rosters",
    "sending",
    "settlement",
    "standing_meals",
    "stock",
    "supervision",
    "visits",
    "wall",
    "welfare",
    "what_ifs",
    "workers",
]
