"""Which phones of somebody may be rung while they sleep, and ringing them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.messages import actions, push
from app.messages.push_tables import PushSubscription
from app.messages.rules import Channel, Kind
from app.vault import digest


def subscribe(
    session: Session, user_id: int, *, district_id: int, endpoint: str, p256dh: str, auth: str, device: str,
    expires_at: datetime | None, now: datetime,
) -> None:  # fmt: skip
    """From now on this browser is rung for this user, and for nobody else. Raises NoSuchPhone."""
    push.check(endpoint)
    hashed = digest("push", endpoint)
    session.execute(delete(PushSubscription).where(PushSubscription.endpoint_hash == hashed))
    session.execute(
        insert(PushSubscription)
        .values(
            district_id=district_id, user_id=user_id, endpoint_hash=hashed, endpoint=endpoint, p256dh=p256dh,
            auth=auth, device=device, made_at=now, seen_at=now, expires_at=expires_at,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


def unsubscribe(session: Session, user_id: int, endpoint: str) -> None:
    """Not any more: at her wish or at logout."""
    session.execute(
        delete(PushSubscription).where(
            PushSubscription.user_id == user_id, PushSubscription.endpoint_hash == digest("push", endpoint)
        )
    )


def of_user(session: Session, user_id: int, *, now: datetime) -> Sequence[PushSubscription]:
    """Her phones, but for those whose subscription has run out."""
    live = PushSubscription.expires_at.is_(None) | (PushSubscription.expires_at > now)
    return session.scalars(
        select(PushSubscription).where(PushSubscription.user_id == user_id, live).order_by(PushSubscription.id)
    ).all()


def ring(
    session: Session, user_id: int | None, kind: Kind, *, district_id: int, division_code: str, key: str, about: str,
    to_whom: str, now: datetime, **more: str,
) -> int:  # fmt: skip
    """Ring all her phones after the commit; answers how many there are. With none somebody must be told otherwise."""
    phones = of_user(session, user_id, now=now) if user_id is not None and push.key() is not None else ()
    for phone in phones:
        actions.tell(
            session, district_id=district_id, division_code=division_code, key=f"{key}-push-{phone.id}",
            channel=Channel.PUSH, to=str(phone.id), to_whom=f"{to_whom} · {phone.device}",
            text=push.payload(kind, about, **more), kind=kind, about=about, now=now,
        )  # fmt: skip
    return len(phones)
