"""Every table of the platform, so that the metadata is whole: for migrations and tests."""

from app.access import tables as access
from app.db import Base
from app.history import History
from app.idempotency import KeptAnswer
from app.people import tables as people
from app.places import tables as places

metadata = Base.metadata
__all__ = ["History", "KeptAnswer", "access", "metadata", "people", "places"]
