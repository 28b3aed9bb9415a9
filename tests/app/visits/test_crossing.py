"""The rules across visits: each finds what it is for, and leaves honest work alone."""

from datetime import date, timedelta

from sqlalchemy import Engine

from app.db import transaction
from app.orders.rules import VisitState
from app.people.rules import Skill
from app.places.rules import Level, Place
from app.visits import queries
from app.visits.appeal_tables import VisitTerms
from app.visits.crossing import Stay, elder_gone, impossible_travel, overlap, unqualified
from app.visits.rules import Flaw
from app.visits.terms_rules import Terms
from tests.app.visits.test_door import a_published, send, whole
from tests.cast import CENTRE, DISTRICT, TEN, a_caregiver, a_home, a_visit, an_attendance, an_elder

FAR = Place(CENTRE.lat + 0.05, CENTRE.lon, accuracy_m=20)  # 5.6 km to the north
HOUR = timedelta(hours=1)


def a_stay(
    number: int, start: float, end: float, *, home: int = 0, at: Place = CENTRE, level: Level = Level.COMMUNITY
) -> Stay:
    return Stay(
        number, number, home or number, TEN + timedelta(minutes=start), TEN + timedelta(minutes=end), level, at, at
    )  # fmt: skip


def test_r1_two_homes_at_once_but_not_a_couple_in_one() -> None:
    mine = a_stay(1, 0, 60)
    (found,) = overlap(mine, [a_stay(2, 55, 100)], Terms())
    assert (found.flaw, found.facts) == (Flaw.OVERLAP, {"minutes": 5, "visit_id": 2})
    assert list(overlap(mine, [a_stay(2, 60, 100)], Terms())) == []
    assert list(overlap(mine, [a_stay(2, 55, 100, home=1)], Terms())) == []
    assert list(overlap(mine, [a_stay(2, 55, 100)], Terms(overlap_minutes=5))) == []


def test_r2_nobody_gets_there_so_fast() -> None:
    mine = a_stay(1, 0, 60)
    (found,) = impossible_travel(mine, [a_stay(2, 65, 100, at=FAR)], Terms())
    assert (found.flaw, found.facts["limit_kmh"], found.facts["minutes"]) == (Flaw.IMPOSSIBLE_TRAVEL, 45, 5)
    assert list(impossible_travel(mine, [a_stay(2, 70, 100, at=FAR)], Terms())) == []
    assert list(impossible_travel(a_stay(2, 65, 100, at=FAR), [mine], Terms()))  # from either side
    assert list(impossible_travel(mine, [a_stay(2, 60.2, 100)], Terms())) == []  # next door


def test_r2_country_roads_are_faster_and_a_vague_fix_proves_nothing() -> None:
    mine, limit = a_stay(1, 0, 60, level=Level.VILLAGE), Terms(town_kmh=40, rural_kmh=70)
    next_one = a_stay(2, 66, 100, at=FAR, level=Level.VILLAGE)
    assert list(impossible_travel(mine, [next_one], limit)) == []
    assert list(impossible_travel(a_stay(1, 0, 60), [next_one], limit))
    vague = a_stay(2, 61, 100, at=Place(FAR.lat, FAR.lon, accuracy_m=6000))
    assert list(impossible_travel(mine, [vague], Terms())) == []


def test_r4_a_certificate_holds_on_its_last_day() -> None:
    day = date(2026, 11, 23)
    assert list(unqualified(1, ["bathing"], {"bathing": day}, day)) == []
    assert list(unqualified(1, ["meals"], {"meals": None}, day)) == []
    (expired,) = unqualified(1, ["bathing"], {"bathing": day - timedelta(days=1)}, day)
    assert (expired.flaw, expired.facts) == (Flaw.UNQUALIFIED, {"skill": "bathing", "expired": "2026-11-22"})
    assert next(unqualified(1, ["nursing"], {}, day)).facts == {"skill": "nursing"}


def test_r8_nobody_is_served_in_hospital_or_after_death() -> None:
    assert [f.facts for f in elder_gone(TEN, away="hospital", ended_at=None)] == [{"away": "hospital"}]
    assert list(elder_gone(TEN, away=None, ended_at=TEN))
    assert list(elder_gone(TEN, away=None, ended_at=TEN + HOUR)) == []


def test_a_visit_that_contradicts_another_is_held_with_the_reason(database: Engine) -> None:
    with transaction() as session:
        first, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        assert first.state is VisitState.VERIFIED
        caregiver_id = mine.caregiver_id
        from app.people.tables import Caregiver

        caregiver = session.get_one(Caregiver, caregiver_id)
        second = a_visit(
            session, elder=an_elder(session, home=a_home(session)), state=VisitState.PUBLISHED, opens=TEN + 2 * HOUR
        )
        there = an_attendance(session, second, caregiver)
        send(session, caregiver_id, *whole(there, TEN + HOUR / 2))
        assert second.state is VisitState.HELD
        (flaw,) = queries.open_flaws(session, [second.id])[second.id]
        assert (flaw.flaw, flaw.facts["visit_id"]) == (Flaw.OVERLAP, first.id)


def test_the_districts_own_terms_hold_from_their_day(database: Engine) -> None:
    with transaction() as session:
        session.add(
            VisitTerms(
                district_id=DISTRICT, version=1, starts=TEN.date(), terms={"overlap_minutes": 45}, by="test", at=TEN
            )
        )
        first, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        from app.people.tables import Caregiver

        caregiver = session.get_one(Caregiver, mine.caregiver_id)
        second = a_visit(session, elder=an_elder(session), state=VisitState.PUBLISHED, opens=TEN + 2 * HOUR)
        send(session, caregiver, *whole(an_attendance(session, second, caregiver), TEN + HOUR / 2))
        assert (first.state, second.state) == (VisitState.VERIFIED, VisitState.VERIFIED)


def test_without_the_certificate_it_is_held(database: Engine) -> None:
    with transaction() as session:
        visit = a_visit(session, state=VisitState.PUBLISHED)
        caregiver = a_caregiver(session, skills=(Skill.BATHING,), expires=date(2026, 11, 22))
        mine = an_attendance(session, visit, caregiver)
        send(session, caregiver, *whole(mine))
        assert visit.state is VisitState.HELD
        assert [flaw.flaw for flaw in queries.open_flaws(session, [visit.id])[visit.id]] == [Flaw.UNQUALIFIED]
