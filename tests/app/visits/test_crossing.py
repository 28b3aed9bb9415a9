"""The rules across visits: each finds what it is for, and leaves honest work alone."""

from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from app.db import transaction
from app.orders.rules import VisitState
from app.people.life_rules import Away, LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.rules import Skill
from app.places.rules import Level, Place
from app.visits import queries
from app.visits.appeal_tables import VisitTerms
from app.visits.crossing import Stay, elder_gone, impossible_travel, overlap, too_many, unqualified
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


def test_r3_what_comes_after_a_full_day_is_held_and_not_what_filled_it() -> None:
    full = [a_stay(n, 30 * n, 30 * n + 20) for n in range(1, 13)]
    assert list(too_many(full[-1], full[:-1], Terms())) == []
    last = a_stay(13, 400, 420)
    (found,) = too_many(last, full, Terms())
    assert (found.flaw, found.facts) == (Flaw.TOO_MANY, {"visits": 13, "minutes": 260})
    assert list(too_many(full[0], [*full[1:], last], Terms())) == []
    assert list(too_many(last, full, Terms(day_visits=13))) == []


def test_r3_hours_count_too() -> None:
    long_ones = [a_stay(1, 0, 301), a_stay(2, 310, 610)]
    (found,) = too_many(long_ones[1], long_ones[:1], Terms())
    assert found.facts == {"visits": 2, "minutes": 601}
    assert list(too_many(long_ones[1], long_ones[:1], Terms(day_hours=11))) == []


def test_r4_a_certificate_holds_on_its_last_day() -> None:
    day = date(2026, 11, 23)
    assert list(unqualified(1, ["bathing"], {"bathing": day}, day)) == []
    assert list(unqualified(1, ["meals"], {"meals": None}, day)) == []
    (expired,) = unqualified(1, ["bathing"], {"bathing": day - timedelta(days=1)}, day)
    assert (expired.flaw, expired.facts) == (Flaw.UNQUALIFIED, {"skill": "bathing", "expired": "2026-11-22"})
    assert next(unqualified(1, ["nursing"], {}, day)).facts == {"skill": "nursing"}


def gone(*told: Away, away: str | None = None, ended_at: datetime | None = None) -> list[dict[str, object]]:
    return [f.facts for f in elder_gone(TEN, TEN.date(), told=told, away=away, ended_at=ended_at)]


def test_r8_nobody_is_served_in_hospital_or_after_death() -> None:
    day = TEN.date()
    before, after = day - timedelta(days=3), day + timedelta(days=3)
    stay = Away(LifeKind.HOSPITAL, before, after)
    assert gone(stay) == [{"away": "hospital", "since": str(before), "until": str(after)}]
    assert gone(Away(LifeKind.INSTITUTION, before)) == [{"away": "institution", "since": str(before)}]
    assert gone(Away(LifeKind.DEATH, day)) == [{"away": "death", "since": str(day)}]
    for at_home in (Away(LifeKind.HOSPITAL, day), Away(LifeKind.HOSPITAL, before, day), Away(LifeKind.DEATH, after)):
        assert gone(at_home) == []  # the first and the last day of a stay are still at home
    assert gone(Away(LifeKind.HOSPITAL, before, before + HOUR * 24), away="hospital") == []  # told late: she was back


def test_r8_what_her_record_says_counts_where_nothing_was_told() -> None:
    assert gone(away="hospital") == [{"away": "hospital"}]
    assert gone(ended_at=TEN)
    assert gone(ended_at=TEN + HOUR) == []
    moved = Away(LifeKind.MOVED_AWAY, TEN.date() + timedelta(days=2))
    assert gone(moved, ended_at=TEN) == []  # registered ahead of the day she left


def test_r8_a_visit_in_a_hospital_stay_is_held_though_she_is_home_again(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        session.add(
            LifeEvent(
                district_id=DISTRICT, division_code=visit.division_code, elder_id=visit.elder_id,
                kind=LifeKind.HOSPITAL, starts=TEN.date() - timedelta(days=2), ends=TEN.date() + timedelta(days=1),
                source=LifeSource.FAMILY, told_by="test", told_at=TEN + timedelta(days=5),
            )
        )  # fmt: skip
        session.flush()
        send(session, mine.caregiver_id, *whole(mine))
        assert visit.state is VisitState.HELD
        assert [flaw.flaw for flaw in queries.all_flaws(session, visit.id)] == [Flaw.ELDER_GONE]


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
