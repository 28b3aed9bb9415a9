"""What the tables of orders refuse whoever writes."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from app.db import Scope, transaction
from app.orders.rules import VisitState
from app.orders.tables import Visit
from tests.cast import DISTRICT, a_provider, a_visit, an_elder


def test_a_provider_sees_only_visits_planned_for_it_and_the_desk_sees_all(database: Engine) -> None:
    with transaction() as session:
        mine = a_visit(session, state=VisitState.PUBLISHED)
        theirs = a_provider(session).id
        other = a_visit(session, state=VisitState.PUBLISHED, elder=an_elder(session), provider_id=theirs)
        waiting = a_visit(session, elder=an_elder(session))
    with transaction(Scope(DISTRICT, str(DISTRICT), mine.provider_id)) as session:
        assert {visit.id for visit in session.query(Visit)} == {mine.id}
    with transaction(Scope(DISTRICT, str(DISTRICT))) as session:
        assert {visit.id for visit in session.query(Visit)} == {mine.id, other.id, waiting.id}


def test_a_planned_visit_has_a_start(database: Engine) -> None:
    with pytest.raises(IntegrityError, match="planned_start"), transaction() as session:
        a_visit(session, state=VisitState.PLANNED, starts_at=None)
