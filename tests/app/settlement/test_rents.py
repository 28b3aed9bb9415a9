"""The rent of an aid on a statement: a line to be paid, and nobody is asked on the telephone whether it came."""

from datetime import date, timedelta

from sqlalchemy import Engine

from app.calendar import at
from app.db import transaction
from app.people.tables import Provider
from app.rental import running
from app.settlement import queries
from app.settlement.tables import Statement
from tests.app.rental.shop import a_store, an_aid, booked, handed, units
from tests.app.settlement.story import a_contract, a_done_visit, drawn
from tests.cast import TEN, an_elder

FIRST_OF_DECEMBER = at(date(2026, 12, 1), TEN.time())


def test_a_rent_is_a_line_and_is_never_drawn_for_a_call_back(database: Engine) -> None:
    with transaction() as session:
        store, aid = a_store(session), an_aid(session)
        units(session, store, aid, "WC-1")
        elder = an_elder(session)
        visit = a_done_visit(session, elder, at=TEN - timedelta(days=1)).id
        handed(session, booked(session, elder, store, aid), "WC-1")
        provider = session.query(Provider).one()
        a_contract(session, provider, sampling_percent=100)
        provider_id = provider.id
    running.keep_up(now=FIRST_OF_DECEMBER)
    statement = drawn(provider_id)
    with transaction() as session:
        found = session.get_one(Statement, statement.id)
        lines = [(line.visit_id == visit, line.minutes) for line, *_ in queries.lines(session, found)]
        assert lines == [(True, 60), (False, None)]
        assert [row[0].visit_id for row in queries.samples(session, found)] == [visit]
