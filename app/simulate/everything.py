"""`yinling simulate day`: caregivers and devices of the district, side by side."""

import signal
import threading
from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import select

from app.access.rules import FIELD
from app.access.tables import User
from app.db import transaction
from app.simulate import day, devices


def simulate(
    *, gateway_url: str, password: str, speed: float, seed: int, on: date | None, tell: Callable[[datetime, int], None]
) -> int:
    """Returns how many visits were finished; devices go on until SIGINT or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with transaction() as session:
        logins = list(session.scalars(select(User.login).where(User.role.in_(FIELD)).order_by(User.id)))
    pressing = threading.Thread(
        target=devices.run,
        kwargs={"gateway_url": gateway_url, "speed": speed, "seed": seed, "stop": stop},
        daemon=True,
    )
    if gateway_url:
        pressing.start()
    done = day.run(
        url=day.address(), password=password, logins=logins, speed=speed, seed=seed, stop=stop, day=on, tell=tell
    )
    while pressing.is_alive() and not stop.wait(1):  # a house is never asleep
        pass
    return done
