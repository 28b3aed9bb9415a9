"""Photos of visits, each in sealed pieces as they came; what they are called is their hash."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.vault import SealedBytes
from app.visits.photo_rules import PhotoKind, PhotoType


class Photo(OfDistrict, Base):
    """One photo of one caregiver at one visit: `size` bytes announced, `received` of them here."""

    __tablename__ = "photos"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(BigInteger)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    sha256: Mapped[str]
    kind: Mapped[PhotoKind] = mapped_column(named(PhotoKind))
    type: Mapped[PhotoType] = mapped_column(named(PhotoType))
    consent: Mapped[bool | None]  # of whoever is shown; none where nobody is
    size: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    taken_at: Mapped[datetime]
    announced_at: Mapped[datetime]
    whole_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("visit_id", "caregiver_id", "sha256"),
        Index("ix_photos_announced", "announced_at"),
        {"info": {"area": "division_code", "provider": "provider_id"}},
    )


class PhotoPiece(Base):
    """Bytes from `start` on. A photo that is forgotten takes its pieces along."""

    __tablename__ = "photo_pieces"

    photo_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(SealedBytes)

    __table_args__ = ({"info": {"area": "division_code", "provider": "provider_id"}},)


class PhotoPrint(OfDistrict, Base):
    """What a photo looks like, in bits, and when its phone and its camera say it was taken: nobody's face.

    The whole district sees it, so that a photo one provider has sent is known when another sends it.
    """

    __tablename__ = "photo_prints"

    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), unique=True)
    visit_id: Mapped[int] = mapped_column(BigInteger, index=True)
    caregiver_id: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    bits: Mapped[int | None] = mapped_column(BigInteger)  # none: it shows nothing
    taken_at: Mapped[datetime]  # as the phone said
    shot_at: Mapped[datetime | None]  # as the camera wrote into it
    screen: Mapped[bool] = mapped_column(default=False)  # shaped like a screen, and no camera has signed it
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_photo_prints_at", "district_id", "at"),
        {"info": {"district": "district_id"}},
    )
