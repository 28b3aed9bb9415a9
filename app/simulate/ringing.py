"""The phones of the simulated responders: subscribed at the simulated push service as their browsers would be."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

import structlog
from sqlalchemy import delete, select

from app.access.tables import User
from app.db import transaction
from app.messages import phones, push
from app.messages.push_tables import PushSubscription
from app.people.tables import Caregiver
from app.simulate.push_service import PushService, serve

log = structlog.get_logger()
DEVICE = "simulated phone"


class Ringing:
    """What lies on those phones, told once each."""

    def __init__(self, service: PushService) -> None:
        self.service = service
        self.whose: dict[str, str] = {}  # login by endpoint
        self.told: dict[str, int] = {}

    def subscribe(self) -> int:
        """Every responder with a login gets a phone; how many there are. None without a key of this installation."""
        public = push.public_key()
        if public is None:
            return 0
        now = datetime.now(UTC)
        self.whose.clear()
        with transaction() as session:
            session.execute(delete(PushSubscription).where(PushSubscription.device == DEVICE))  # of an earlier run
            users = session.execute(
                select(User.id, User.login, User.district_id)
                .join(Caregiver, Caregiver.id == User.caregiver_id)
                .where(Caregiver.responder, Caregiver.ended_at.is_(None), User.ended_at.is_(None))
            ).all()
            for user_id, login, district_id in users:
                made = self.service.subscribe(public)
                phones.subscribe(
                    session, user_id, district_id=district_id, endpoint=made["endpoint"], device=DEVICE,
                    p256dh=made["keys"]["p256dh"], auth=made["keys"]["auth"], expires_at=None, now=now,
                )  # fmt: skip
                self.whose[made["endpoint"]] = login
        return len(users)

    def rings(self) -> Iterator[tuple[str, str]]:
        """Login and kind of what has come since the last look."""
        for endpoint, login in self.whose.items():
            phone = self.service.phones[endpoint.rpartition("/")[2]]
            for said in phone.came[self.told.get(endpoint, 0) :]:
                yield login, str(said.get("kind", ""))
            self.told[endpoint] = len(phone.came)


@contextmanager
def phones_at(port: int) -> Iterator[Ringing]:
    """A push service on this machine with its phones."""
    service = PushService()
    with serve(service, port) as door:
        thread = Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            ringing = Ringing(service)
            log.info("phones that can be rung", phones=ringing.subscribe())
            yield ringing
        finally:
            door.shutdown()
            thread.join()
