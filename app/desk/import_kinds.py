"""The kinds of file that may be imported beside devices, by name."""

from typing import Final

from app.assessments.result_imports import RESULTS
from app.catalogue.price_imports import PRICES
from app.funding.list_imports import LISTS
from app.imports.kinds import Kind
from app.people.caregiver_imports import CAREGIVERS
from app.people.elder_imports import ELDERS

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in (ELDERS, RESULTS, LISTS, CAREGIVERS, PRICES)}
