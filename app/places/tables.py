"""The tree of divisions, the service network, and the streets the plain map is drawn from."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.places.rules import Level, Tier


class Division(Base):
    """One node of the 12-digit administrative tree, with the days its code was valid."""

    __tablename__ = "divisions"

    code: Mapped[str] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"), index=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    level: Mapped[Level] = mapped_column(named(Level))
    name: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]
    valid_from: Mapped[date] = mapped_column(server_default=text("'2000-01-01'"))
    valid_to: Mapped[date | None]


class Facility(OfDistrict, Base):
    """A place of the three-tier service network."""

    __tablename__ = "facilities"

    name: Mapped[str]
    tier: Mapped[Tier] = mapped_column(named(Tier))
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    above_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id", use_alter=True))
    lat: Mapped[float]
    lon: Mapped[float]
    phone: Mapped[str | None]


class MapLine(OfDistrict, Base):
    """A street, river or border as a line of [lon, lat] points (WGS-84), for the map that needs no tiles."""

    __tablename__ = "map_lines"

    kind: Mapped[str]  # street, lane, river, border
    name: Mapped[str | None]
    points: Mapped[list[Any]] = mapped_column(JSONB)
