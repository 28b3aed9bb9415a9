"""The installer's doors: what to put up, which device it is, and the press on its way."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from app.access.api import Field, Now
from app.db import transaction
from app.equipment import installing
from app.idempotency import once
from app.phone import installing as phone
from app.phone.api import caregiver_of
from app.phone.installing_shapes import (
    DeviceIn,
    Lookup,
    PhoneInstallation,
    PhoneInstallations,
    Progress,
    ReasonIn,
)

router = APIRouter(prefix="/api/phone", tags=["phone"])
Key = Annotated[str | None, Header()]


@router.get("/installations")
def installations(me: Field, now: Now, response: Response) -> PhoneInstallations:
    """What I am to put up."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        return phone.mine(session, caregiver_of(me), now=now)


@router.post("/installations/{installation_id}/arrive")
def arrive(installation_id: int, me: Field, now: Now) -> PhoneInstallation:
    """I stand in the home."""
    with transaction(me.scope) as session:
        mine = installing.mine(session, installation_id, caregiver_of(me))
        phone.check_hour(mine, now=now)
        installing.arrive(session, mine, by=me.by, now=now)
        return phone.one(session, mine.id, now=now)


@router.post("/installations/{installation_id}/fail")
def fail(installation_id: int, why: ReasonIn, me: Field, now: Now) -> PhoneInstallation:
    """It cannot be done today."""
    with transaction(me.scope) as session:
        mine = installing.mine(session, installation_id, caregiver_of(me))
        installing.fail(session, mine, by=me.by, now=now, reason=why.reason)
        return phone.one(session, mine.id, now=now)


@router.get("/installation-items/{item_id}/lookup")
def lookup(item_id: int, me: Field, now: Now, wire_id: Annotated[str, Query(max_length=100)] = "") -> Lookup:
    """What is known of the number on a label, before anything is changed."""
    with transaction(me.scope) as session:
        _, item = installing.my_item(session, item_id, caregiver_of(me), lock=False)
        return phone.lookup(session, item, wire_id.strip(), now=now)


@router.post("/installation-items/{item_id}/device")
def device(item_id: int, which: DeviceIn, me: Field, now: Now) -> PhoneInstallation:
    """This very device hangs here; the same said again changes nothing."""
    with transaction(me.scope) as session:
        mine, item = installing.my_item(session, item_id, caregiver_of(me))
        installing.place(session, item, which.wire_id, which.spot, by=me.by, now=now)
        return phone.one(session, mine.id, now=now)


@router.post("/installation-items/{item_id}/test")
def begin_test(item_id: int, me: Field, now: Now, idempotency_key: Key = None) -> Progress:
    """Await the press: for some minutes the device's next call comes out at the desk marked as a test."""
    with transaction(me.scope) as session:
        _, item = installing.my_item(session, item_id, caregiver_of(me))
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now, request=["test", item_id],
            do=lambda: installing.test(session, item, by=me.by, now=now).id,
        )  # fmt: skip
        session.flush()
        return phone.progress(session, item, now=now)


@router.get("/installation-items/{item_id}/progress")
def progress(item_id: int, me: Field, now: Now, response: Response) -> Progress:
    """How far the press has come."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        _, item = installing.my_item(session, item_id, caregiver_of(me), lock=False)
        return phone.progress(session, item, now=now)


@router.post("/installation-items/{item_id}/give-up")
def give_up(item_id: int, why: ReasonIn, me: Field, now: Now) -> PhoneInstallation:
    """This device does not come about."""
    with transaction(me.scope) as session:
        mine, item = installing.my_item(session, item_id, caregiver_of(me))
        installing.give_up(session, item, by=me.by, now=now, reason=why.reason)
        return phone.one(session, mine.id, now=now)
