"""`yinling simulate outside`: the world at the other end of the lines, an exchange, a carrier, a push service."""

import random
import signal
import threading
import time
from typing import Final

import httpx2
import structlog
from sqlalchemy import func, select

from app.calls.exchange import Exchange, Manners
from app.db import transaction
from app.people.tables import Contact, Elder
from app.simulate import carrier, ringing

log = structlog.get_logger()
TURN: Final = 0.3  # seconds between two looks at what the desk wishes
STRANGERS: Final = 0.1  # of callers are nobody we know
CONTACTS: Final = 0.3
PATIENT: Final = Manners(answer=0.5, patience=(25, 60))


def run(*, url: str, token: str, port: int, push_port: int, seed: int, every: float) -> None:
    """Until SIGINT or SIGTERM; somebody rings the hotline every so many seconds, on average."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    chance = random.Random(f"{seed}:outside")
    post = carrier.Carrier(chance=chance)
    with (
        carrier.serve(post, port) as door, ringing.phones_at(push_port) as rung,
        httpx2.Client(base_url=url, timeout=10) as web,
    ):  # fmt: skip
        threading.Thread(target=door.serve_forever, daemon=True).start()
        line = Exchange(web, token, chance=chance, manners=PATIENT)
        rings, last = time.monotonic() + chance.expovariate(1 / every), time.monotonic()
        while not stop.wait(TURN):
            now = time.monotonic()
            try:
                line.take_up()
                line.advance(now - last)
                for login, kind in rung.rings():
                    log.info("a phone rings", login=login, kind=kind)
                for word in post.receipts(now=now):
                    carrier.tell(web, token, word)
                if now >= rings:
                    line.call_in(_somebody(chance))
                    rings = now + chance.expovariate(1 / every)
            except httpx2.HTTPError as error:  # the platform is restarting: an exchange goes on
                log.warning("the platform does not answer", error=type(error).__name__)
            last = now
        door.shutdown()


def _somebody(chance: random.Random) -> str:
    """The number of an elder, of somebody who cares for one, or of nobody we know."""
    dice = chance.random()
    if dice < STRANGERS:
        return f"15{chance.randrange(10**9):09}"
    table = Contact if dice < STRANGERS + CONTACTS else Elder
    with transaction() as session:
        last = session.scalar(select(func.max(table.id))) or 0
        wanted = chance.randint(1, max(1, last))
        phone = session.scalar(select(table.phone).where(table.id >= wanted, table.phone.is_not(None)).limit(1))
        if phone:
            return phone
    return "0546" + f"{chance.randrange(10**7):07}"
