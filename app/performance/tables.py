"""What is stored of performance: the district's own targets, version after version."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from app.db import Base, OfDistrict


class FigureTargets(OfDistrict, Base):
    """The targets a district has set itself, from a moment on; earlier ones stay for earlier figures."""

    __tablename__ = "figure_targets"

    version: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[str]
    targets: Mapped[dict[str, Any]]  # as `rules.Targets`

    __table_args__ = (
        UniqueConstraint("district_id", "version"),
        {"info": {"district": "district_id", "append_only": True}},
    )
