"""Links that show one elder's money to one person of her family: read-only, until a day, taken back at any time."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict


class FamilyLink(OfDistrict, Base):
    """The key one contact has; the token itself is kept as a hash."""

    __tablename__ = "family_links"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("expires_at > made_at", name="lasts"),
        Index("ix_family_links_elder", "elder_id"),
        {"info": {"area": "division_code"}},
    )
