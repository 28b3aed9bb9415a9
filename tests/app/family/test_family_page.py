"""The family's link: it opens one elder's money, masked, until it ends, and says so on record."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from app.access.rules import Role
from app.calendar import day_of, last_month, month_of
from app.db import transaction
from app.family import api as family
from app.family.tables import FamilyLink
from app.history import History
from app.people.life_rules import LifeKind, LifeSource
from tests.app.test_every_route import application, somebody
from tests.cast import a_contact, an_elder, an_entitlement
from tests.clients import Client, ok


@pytest.fixture
def elder(database: Engine) -> tuple[int, int]:
    """An elder with money this month, and her daughter."""
    with transaction() as session:
        who = an_elder(session, name="林桂芬")
        an_entitlement(session, who, month=month_of(datetime.now(UTC)))
        return who.id, a_contact(session, who).id


def asked(token: str, month: str = "") -> tuple[int, dict[str, object]]:
    """What a stranger with a token is answered."""
    stranger = Client(application(), raise_server_exceptions=False)
    query = f"?month={month}" if month else ""
    answer = stranger.get(f"/api/family/money{query}", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def made(elder: tuple[int, int]) -> tuple[int, str]:
    desk = somebody(Role.OPERATOR)
    answer = ok(desk.post(f"/api/elders/{elder[0]}/family-links", json={"contact_id": elder[1], "days": 7}))
    return answer["id"], answer["path"].partition("#")[2]


def test_a_link_shows_one_elders_month_masked_and_each_look_is_on_record(elder: tuple[int, int]) -> None:
    link_id, token = made(elder)
    status, sheet = asked(token)
    assert (status, sheet["name"]) == (200, "林*芬")
    assert token not in str(sheet)
    with transaction() as session:
        looks = select(History.by).where(History.subject == "family_links", History.event == "look")
        assert session.scalars(looks).all() == [f"contact {elder[1]}"]
        link = session.get_one(FamilyLink, link_id)
        assert link.seen_at is not None and token not in link.token_hash
    assert asked(token, "2020-01")[0] == 404


def test_a_link_ends_when_it_is_taken_back_replaced_or_out_of_date(elder: tuple[int, int]) -> None:
    link_id, first = made(elder)
    second_id, second = made(elder)
    assert (asked(first)[0], asked(second)[0]) == (403, 200)
    somebody(Role.OPERATOR).delete(f"/api/elders/{elder[0]}/family-links/{second_id}")
    assert asked(second)[0] == 403
    _, third = made(elder)
    with transaction() as session:
        for link in session.scalars(select(FamilyLink)):
            link.made_at -= timedelta(days=8)
            link.expires_at -= timedelta(days=8)
    assert asked(third)[0] == 403
    assert (asked("")[0], asked("guessed")[0]) == (403, 403)
    assert link_id != second_id


def test_from_the_day_of_a_death_the_page_says_that_nothing_is_paid_any_more(elder: tuple[int, int]) -> None:
    _, token = made(elder)
    assert asked(token)[1]["ended"] is None
    today = day_of(datetime.now(UTC))
    wish = {"kind": LifeKind.DEATH, "starts": str(today), "source": LifeSource.FAMILY}
    ok(somebody(Role.OPERATOR).post(f"/api/elders/{elder[0]}/life-events", json=wish))
    assert asked(token)[1]["ended"] == {"kind": "death", "on": str(today)}
    before = asked(token, f"{last_month(month_of(datetime.now(UTC))):%Y-%m}")
    assert (before[0], before[1]["ended"]) == (200, None)


def test_nobody_asks_without_end(elder: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = made(elder)
    monkeypatch.setattr(family, "A_MINUTE", 3)
    assert [asked(token)[0] for _ in range(4)] == [200, 200, 200, 429]


def test_a_link_is_for_a_contact_of_this_elder(elder: tuple[int, int]) -> None:
    with transaction() as session:
        other = a_contact(session, an_elder(session)).id
    wish = {"contact_id": other, "days": 7}
    assert somebody(Role.OPERATOR).post(f"/api/elders/{elder[0]}/family-links", json=wish).status_code == 404


def test_the_preview_of_an_event_changes_nothing(elder: tuple[int, int]) -> None:
    desk = somebody(Role.OPERATOR)
    wish = {"kind": LifeKind.HOSPITAL, "starts": str(datetime.now(UTC).date()), "source": LifeSource.FAMILY}
    seen = ok(desk.post(f"/api/elders/{elder[0]}/life-events/preview", json=wish))
    assert seen["event"]["kind"] == "hospital"
    assert ok(desk.get(f"/api/elders/{elder[0]}/life-events"))["items"] == []
    told = ok(desk.post(f"/api/elders/{elder[0]}/life-events", json=wish))
    assert [one["id"] for one in ok(desk.get(f"/api/elders/{elder[0]}/life-events"))["items"]] == [told["event"]["id"]]
