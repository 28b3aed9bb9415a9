"""The phones that may be rung while they sleep: one row for each browser that allowed it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict
from app.vault import Sealed


class PushSubscription(OfDistrict, Base):
    """Where a push service takes messages for one browser, and what they are sealed with for it alone (RFC 8291)."""

    __tablename__ = "push_subscriptions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    endpoint_hash: Mapped[str] = mapped_column(unique=True)  # a browser has one owner: who logged in last
    endpoint: Mapped[str] = mapped_column(Sealed)
    p256dh: Mapped[str] = mapped_column(Sealed)
    auth: Mapped[str] = mapped_column(Sealed)
    device: Mapped[str]  # as its owner would know it: a phone's make, nothing more
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"district": "district_id"}},)
