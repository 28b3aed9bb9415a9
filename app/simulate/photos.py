"""Photos of the last visits, drawn; one was sent for two homes, and one visit was confirmed by its own caregiver."""

import hashlib
import random
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.db import transaction
from app.orders.tables import Visit
from app.people.queries import phone_digits
from app.people.tables import Caregiver
from app.planning.tables import Attendance
from app.simulate.her_side import finished
from app.supervision import actions as supervision
from app.supervision.rules import ClueEvent
from app.supervision.tables import Clue
from app.vault import digest
from app.visits import actions, photos, proof
from app.visits.photo_rules import PhotoKind, PhotoType
from app.visits.proof_rules import Point, Sort

DECIDED: Final = (
    (ClueEvent.UPHOLD, "服务商承认月中换人后漏排，老人证实"),
    (ClueEvent.EXCUSE, "老人去女儿家住了三周，家属有说明"),
)
SIZE: Final = (960, 720)
WALLS: Final = ("#d9cfb8", "#c9d4cf", "#d8c7c0", "#cfcadb")
WOODS: Final = ("#7a5533", "#5c4630", "#8a6a45")
CLOTHS: Final = ("#7f98b5", "#b57f86", "#86a87b", "#c2a463")


def leave(rng: random.Random, district_id: int, *, now: datetime) -> None:
    """Five visits with a photo each; the last repeats the first, brighter and packed anew, of another home."""
    with transaction() as session:
        found = _visits(session, district_id)
        if len(found) < 2:
            return
        bodies = [room(rng) for _ in found[:-1]]
        for (visit, attendance), body in zip(found, [*bodies, repacked(bodies[0])], strict=True):
            _send(session, visit, attendance, body, now=now)
        _confirmed_by_herself(session, *found[0], now=now)
        session.info.pop("notices", None)


def clues(district_id: int, *, now: datetime) -> None:
    """What last month shows; the bureau has followed the two that would take most."""
    month = calendar.last_month(calendar.month_of(now))
    with transaction() as session:
        supervision.look(session, district_id, month, now=now)
        found = session.scalars(
            select(Clue).where(Clue.district_id == district_id, Clue.month == month, Clue.cents > 0)
            .order_by(Clue.cents.desc(), Clue.id).limit(2)
        ).all()  # fmt: skip
        for clue, (event, words) in zip(found, DECIDED, strict=False):
            supervision.decide(session, clue.id, event, words=words, by="李国栋 (liguodong)", now=now)
        session.info.pop("notices", None)


def _visits(session: Session, district_id: int) -> list[tuple[Visit, Attendance]]:
    rows = finished(session, district_id, 400)
    chosen: dict[int, tuple[Visit, Attendance]] = {}
    for _, attendance in rows:  # of one caregiver, for five elders
        mine = [one for one in rows if one[1].caregiver_id == attendance.caregiver_id]
        if len({visit.elder_id for visit, _ in mine}) >= 5:
            for one in mine:
                chosen.setdefault(one[0].elder_id, one)
            break
    return sorted(chosen.values(), key=lambda one: one[1].started_at or one[0].opens)[-5:]


def _send(session: Session, visit: Visit, attendance: Attendance, body: bytes, *, now: datetime) -> None:
    assert attendance.finished_at is not None
    said = photos.Announced(
        visit.id, hashlib.sha256(body).hexdigest(), PhotoKind.WORK, PhotoType.JPEG, len(body),
        attendance.finished_at - timedelta(minutes=4), consent=True,
    )  # fmt: skip
    photo = photos.announce(session, attendance.caregiver_id, said, now=now)
    photos.take(session, photo.id, attendance.caregiver_id, 0, body, now=now)
    actions.settle(session, visit, now=now)


def _confirmed_by_herself(session: Session, visit: Visit, attendance: Attendance, *, now: datetime) -> None:
    """A call that was to come from the elder's telephone, and came from the caregiver's."""
    assert attendance.finished_at is not None
    caregiver = session.get_one(Caregiver, attendance.caregiver_id)
    proof.prove(
        session, attendance, Sort.CALL, Point.FINISH, source_id=visit.id, happened_at=attendance.finished_at,
        by="赵敏 (zhaomin)", now=now, phone_hash=digest("phone", phone_digits(caregiver.phone)),
    )  # fmt: skip
    actions.settle(session, visit, now=now)


def room(rng: random.Random) -> bytes:
    """A room as a JPEG: a window, a bed, a table, light from one side."""
    wide, high = SIZE
    picture = Image.new("RGB", SIZE, rng.choice(WALLS))
    draw = ImageDraw.Draw(picture)
    floor = rng.randint(440, 560)
    draw.rectangle((0, floor, wide, high), fill=rng.choice(WOODS))
    left, top = rng.randint(40, 620), rng.randint(50, 140)
    draw.rectangle(
        (left, top, left + rng.randint(160, 280), top + rng.randint(140, 220)), fill="#eef4f8", outline="#666", width=8
    )
    bed = rng.randint(20, 420)
    draw.rectangle(
        (bed, floor - rng.randint(60, 130), bed + rng.randint(300, 460), floor + 60), fill=rng.choice(CLOTHS)
    )
    draw.ellipse((bed + 14, floor - 60, bed + 120, floor - 10), fill="#f4f1ea")
    table = rng.randint(480, 760)
    draw.rectangle((table, floor - rng.randint(90, 150), table + 150, floor - 70), fill=rng.choice(WOODS))
    draw.rectangle((table + 66, floor - 80, table + 84, floor + 90), fill="#4a3a2a")
    for _ in range(rng.randint(3, 6)):
        x, y, r = rng.randint(0, wide), rng.randint(0, high), rng.randint(18, 60)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=rng.choice(CLOTHS))
    shade = Image.linear_gradient("L").resize(SIZE).rotate(90 * rng.randint(0, 3))
    return _jpeg(
        Image.composite(picture, Image.new("RGB", SIZE, "#332e28"), shade.point(lambda grey: 120 + grey // 2)), 82
    )


def repacked(body: bytes) -> bytes:
    """The same photo, smaller and a little brighter: other bytes, the same room."""
    with Image.open(BytesIO(body)) as picture:
        smaller = picture.resize((800, 600))
    return _jpeg(ImageEnhance.Brightness(smaller).enhance(1.12), 70)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    with BytesIO() as written:
        picture.convert("RGB").save(written, "JPEG", quality=quality)
        return written.getvalue()
