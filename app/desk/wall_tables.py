"""Links that open the wall board in a room: read-only, of one area, until a day."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict


class WallLink(OfDistrict, Base):
    """The key of one big screen; the token itself is kept as a hash."""

    __tablename__ = "wall_links"

    area: Mapped[str]  # prefix of division codes: the board shows what lies below
    room: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    made_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("expires_at > made_at", name="lasts"),
        {"info": {"area": "area"}},
    )
