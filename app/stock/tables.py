"""What is stored of credentials. A secret stands here, sealed, only until the broker has it; then its hash alone."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.stock.rules import CredentialKind, CredentialState
from app.vault import Sealed


class CertificateAuthority(Base):
    """Who signs the certificates of devices: one for the installation, the newest signs."""

    __tablename__ = "certificate_authorities"

    id: Mapped[int] = mapped_column(primary_key=True)
    certificate: Mapped[str]
    key: Mapped[str] = mapped_column(Sealed)
    begun_at: Mapped[datetime]
    begun_by: Mapped[str]


class Credential(OfDistrict, Base):
    """How one device proves who it is, and whether the broker knows: a row is a wish until it is applied."""

    __tablename__ = "credentials"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), index=True)
    wire_id: Mapped[str]  # as the broker knows it, whatever becomes of the device
    kind: Mapped[CredentialKind] = mapped_column(named(CredentialKind))
    state: Mapped[CredentialState] = mapped_column(named(CredentialState), default=CredentialState.WANTED)
    secret: Mapped[str | None] = mapped_column(Sealed)
    hash: Mapped[str | None]  # of the password, in Mosquitto's form
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("certificate_authorities.id"))
    serial: Mapped[str | None] = mapped_column(unique=True)
    fingerprint: Mapped[str | None]
    not_after: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    applied_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    trouble: Mapped[str | None]  # what the broker said the last time it failed

    __table_args__ = (
        CheckConstraint("(kind = 'certificate') = (serial is not null)", name="certified"),
        CheckConstraint("state = 'wanted' or secret is null", name="shown_once"),
        Index("uq_credentials_wanted", "device_id", unique=True, postgresql_where=text("state = 'wanted'")),
        Index("uq_credentials_applied", "device_id", unique=True, postgresql_where=text("state = 'applied'")),
        Index("ix_credentials_due", "due_at", postgresql_where=text("state in ('wanted', 'withdrawn')")),
        {"info": {"district": "district_id"}},
    )
