"""Who brings meals for a canteen, and when."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict


class Riding(OfDistrict, Base):
    """Hours in which a caregiver brings meals for a canteen (送餐员); no visits are planned then. It ends."""

    __tablename__ = "ridings"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    canteen_id: Mapped[int] = mapped_column(ForeignKey("canteens.id"), index=True)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # 0 Monday to 6
    starts: Mapped[time]
    ends: Mapped[time]
    room: Mapped[int]  # portions of one trip
    first: Mapped[date]
    last: Mapped[date | None]

    __table_args__ = (
        CheckConstraint("starts < ends", name="forward"),
        CheckConstraint("room between 1 and 200", name="room"),
        CheckConstraint("weekdays <@ array[0, 1, 2, 3, 4, 5, 6] and weekdays <> '{}'", name="weekdays"),
        {"info": {"district": "district_id", "provider": "provider_id"}},
    )

    @property
    def minutes(self) -> int:
        """Of a week."""
        return len(self.weekdays) * (_minutes(self.ends) - _minutes(self.starts))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
