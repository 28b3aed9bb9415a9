"""Thousands at once get what one alone would be told: the statement and the sentence agree."""

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from app.db import Scope, engine
from app.funding import granting, programs, queries
from app.funding.tables import ProgramVersion
from app.funding.terms import AgeBand, ProgramKind, Terms, judge_all
from app.orders import queries as order_queries
from app.people.life_rules import LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.rules import AbilityLevel, Category, Register
from app.people.tables import Elder
from tests.cast import DISTRICT, TEN, an_elder

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
DAYS = st.dates(date(2026, 10, 20), date(2027, 1, 10))
SOME = st.sets(st.sampled_from(list(Category)), max_size=3).map(lambda s: tuple(sorted(s)))
CENTS = st.integers(0, 50_000)
BANDS = st.dictionaries(st.integers(60, 95), CENTS, max_size=3)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any rule that does not contradict itself too much to be stored."""
    least = draw(st.none() | st.integers(60, 95))
    return Terms(
        amounts=draw(st.dictionaries(st.sampled_from(list(AbilityLevel)), CENTS, max_size=5)),
        cash=draw(st.dictionaries(st.sampled_from(list(AbilityLevel)), CENTS, max_size=1)),
        bands=tuple(AgeBand(from_age=age, cents=cents) for age, cents in draw(BANDS).items()),
        line_cap_cents=draw(st.none() | CENTS), registers=draw(st.sets(st.sampled_from(list(Register)), min_size=1)),
        min_age=least, max_age=None if least is None else draw(st.none() | st.integers(least, 110)),
        any_category=draw(SOME), no_category=draw(SOME), enrolled=draw(st.booleans()), pro_rata=draw(st.booleans()),
        divisions=draw(st.sampled_from([(), ("370503",), ("370521",)])),
        stopped_by=draw(st.sets(st.sampled_from([LifeKind.HOSPITAL, LifeKind.INSTITUTION]))),
    )  # fmt: skip


@st.composite
def stays(draw: st.DrawFn) -> tuple[LifeKind, date, date | None]:
    """Something that happened."""
    kind, starts = draw(st.sampled_from(list(LifeKind))), draw(DAYS)
    ends = (
        None if kind in (LifeKind.DEATH, LifeKind.MOVED_AWAY) else draw(st.none() | DAYS.filter(lambda d: d >= starts))
    )
    return kind, starts, ends


@st.composite
def elders(draw: st.DrawFn) -> dict[str, Any]:
    """Somebody, what happened to her, and since when she stands on the list."""
    return {
        "level": draw(st.sampled_from(list(AbilityLevel))), "register": draw(st.sampled_from(list(Register))),
        "categories": list(draw(SOME)), "born": draw(st.dates(date(1920, 1, 1), date(1966, 12, 31))),
        "told": draw(st.lists(stays(), max_size=2, unique_by=lambda s: s[0])),
        "listed": draw(st.none() | st.tuples(DAYS, st.none() | DAYS).filter(lambda t: t[1] is None or t[1] >= t[0])),
    }  # fmt: skip


@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    some=st.lists(elders(), min_size=1, max_size=4),
    rules=st.lists(terms(), min_size=1, max_size=3),
    chained=st.booleans(),
)
def test_the_statement_grants_what_the_sentence_says(
    database: Engine, some: list[dict[str, Any]], rules: list[Terms], chained: bool
) -> None:
    with Session(engine(), info={"scope": Scope.PLATFORM}) as session:
        known = {f"p{n}": rule.model_copy(update={"rank": n + 1}) for n, rule in enumerate(rules)}
        if chained and len(known) > 1:
            known["p0"] = known["p0"].model_copy(update={"not_with": ("p1",)})
        made = [_a_program(session, code, known[code]) for code in reversed(known)]
        people = [_somebody(session, one, made) for one in some]
        granting.follow(session, DISTRICT, DECEMBER, now=TEN)
        granting.follow(session, DISTRICT, DECEMBER, now=TEN, mended_for="again")
        for elder in people:
            found = {
                row.program: (row.level, row.granted_cents - row.cash_cents, row.cash_cents)
                for row in queries.balances(session, elder.id, DECEMBER)
            }
            verdicts = judge_all(programs.person(session, elder, DECEMBER), known, DECEMBER)
            said = {v.program: (v.level, v.cents, v.cash_cents) for v in verdicts if v.cents + v.cash_cents}
            assert found == said
        assert order_queries.verify_ledger(session) == []
        session.rollback()


def _a_program(session: Session, code: str, rule: Terms) -> Any:
    program = programs.found_program(
        session, district_id=DISTRICT, code=code, kind=ProgramKind.CASH_SERVICE, name_zh=code, name_en=code
    )
    session.execute(
        insert(ProgramVersion).values(
            district_id=DISTRICT, program_id=program.id, kind=program.kind, n=1, state="approved", starts=NOVEMBER,
            terms=rule.model_dump(mode="json"), note="", drafted_by="a", drafted_at=TEN, approved_by="b",
            approved_at=TEN,
        )
    )  # fmt: skip
    return program


def _somebody(session: Session, one: dict[str, Any], made: list[Any]) -> Elder:
    told, listed = one["told"], one["listed"]
    elder = an_elder(session, **{name: value for name, value in one.items() if name not in ("told", "listed")})
    for kind, starts, ends in told:
        session.add(
            LifeEvent(
                district_id=DISTRICT, division_code=elder.division_code, elder_id=elder.id, kind=kind, starts=starts,
                ends=ends, source=LifeSource.FAMILY, told_by="test", told_at=TEN,
            )
        )  # fmt: skip
    for program in made if listed else ():
        programs.enrol(session, elder, program, starts=listed[0], ends=listed[1], decision="1", by="test", now=TEN)
    session.flush()
    return elder
