"""A month is settled to the cent, once, and then stays."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from app import history
from app.access.rules import Role
from app.db import transaction
from app.errors import IllegalMove, Refused
from app.orders.tables import Visit
from app.people.tables import Elder, Provider
from app.settlement import actions, proof, queries, running
from app.settlement.rules import (
    DisputeState,
    Event,
    LineKind,
    NotReady,
    SampleState,
    StatementState,
    TwoPersons,
    Withheld,
)  # fmt: skip
from app.settlement.rules import (
    drawn as drawn_of,
)
from app.settlement.tables import SettledEntry, Statement, StatementLine, StatementSample, StatementWithheld
from app.visits import partial
from tests.app.settlement.story import (
    DECEMBER,
    LATER,
    NOVEMBER,
    THEN,
    a_contract,
    a_done_visit,
    a_month,
    drawn,
    locked,
    reject,
    somebody,
    verify,
)  # fmt: skip
from tests.cast import DISTRICT, TEN, an_elder


def lines_of(statement: Statement) -> list[StatementLine]:
    with transaction() as session:
        found = select(StatementLine).where(StatementLine.statement_id == statement.id).order_by(StatementLine.number)
        return list(session.scalars(found))


def balanced(month: object = NOVEMBER) -> bool:
    with transaction() as session:
        found = queries.reconciled(session, DISTRICT, month)  # type: ignore[arg-type]
        return all(one.unexplained_cents == 0 for one in found)


def test_a_month_is_every_captured_cent_line_by_line(database: Engine) -> None:
    provider_id, visits = a_month(3, cents=12_000)
    statement = drawn(provider_id)
    assert [line.visit_id for line in lines_of(statement)] == visits
    assert {line.kind for line in lines_of(statement)} == {LineKind.SERVICE}
    assert (statement.allowance_cents, statement.self_pay_cents, statement.payable_cents) == (36_000, 0, 36_000)
    assert statement.payers == {"district": 36_000}
    assert balanced()


def test_what_the_elder_pays_the_bureau_does_not(database: Engine) -> None:
    provider_id, _ = a_month(1, cents=30_000)  # of 260 yuan
    statement = drawn(provider_id)
    assert (statement.allowance_cents, statement.self_pay_cents, statement.payable_cents) == (26_000, 4_000, 26_000)


def test_drawing_again_changes_nothing(database: Engine) -> None:
    provider_id, _ = a_month(3)
    first, second = drawn(provider_id), drawn(provider_id)
    assert (first.id, first.checksum, first.seed) == (second.id, second.checksum, second.seed)
    assert len(lines_of(second)) == 3


def test_a_contracts_price_is_paid_and_the_difference_shows(database: Engine) -> None:
    provider_id, _ = a_month(2)
    with transaction() as session:
        provider = session.get_one(Provider, provider_id)
        a_contract(session, provider, prices=[{"item": "BATHING", "unit": "hour", "cents": 9_001}])
    statement = drawn(provider_id)
    assert (statement.contract_cents, statement.allowance_cents) == (18_002, 20_000)
    assert statement.payable_cents == 18_002


def test_short_visits_cost_but_not_while_an_appeal_is_open(database: Engine) -> None:
    with transaction() as session:
        provider_id = a_done_visit(session, an_elder(session), minutes=40).provider_id
        a_done_visit(session, an_elder(session), minutes=60)
        assert provider_id
        said = [{"rule": "short_visits", "percent": 15, "cap_percent": 5}]
        a_contract(session, session.get_one(Provider, provider_id), least_minutes={"BATHING": 45}, deductions=said)
    statement = drawn(provider_id)
    assert (statement.deducted_cents, statement.payable_cents) == (1_000, 19_000), (
        "15 % of 100 yuan, at most 5 % of all"
    )


def test_a_visit_verified_late_is_in_the_next_statement(database: Engine) -> None:
    provider_id, _ = a_month(1)
    with transaction() as session:
        held = a_done_visit(session, an_elder(session), at=TEN + timedelta(days=1), verified=False)
    november = locked(provider_id)
    with transaction() as session:
        (missing,) = session.scalars(select(StatementWithheld).where(StatementWithheld.statement_id == november.id))
        assert (missing.visit_id, missing.reason, missing.cents) == (held.id, Withheld.HELD, 10_000)
        verify(session, session.get_one(Visit, held.id))
    december = drawn(provider_id, DECEMBER, now=LATER)
    (line,) = lines_of(december)
    assert (line.kind, line.visit_id, december.payable_cents) == (LineKind.LATE, held.id, 10_000)
    assert balanced()


def test_what_was_paid_and_should_not_have_been_is_taken_back_in_a_later_statement(database: Engine) -> None:
    provider_id, (first, _) = a_month(2)
    november = locked(provider_id)
    before = lines_of(november)
    with transaction() as session:
        reject(session, session.get_one(Visit, first))
    december = drawn(provider_id, DECEMBER, now=LATER)
    (line,) = lines_of(december)
    assert (line.kind, line.allowance_cents, line.contract_cents) == (LineKind.CORRECTION, -10_000, -10_000)
    assert december.payable_cents == -10_000
    assert [one.number for one in lines_of(november)] == [one.number for one in before]
    assert balanced()


def test_captured_and_given_back_before_anybody_was_paid_is_no_line(database: Engine) -> None:
    provider_id, (first, second) = a_month(2)
    with transaction() as session:
        reject(session, session.get_one(Visit, first))
    assert [line.visit_id for line in lines_of(drawn(provider_id))] == [second]
    assert balanced()


def test_a_visit_to_somebody_who_had_died_is_withheld_though_it_was_verified(database: Engine) -> None:
    provider_id, (first, second) = a_month(2)
    with transaction() as session:
        elder = session.get_one(Elder, session.get_one(Visit, first).elder_id)
        elder.ended_at = TEN - timedelta(days=1)
    statement = drawn(provider_id)
    assert [line.visit_id for line in lines_of(statement)] == [second]
    with transaction() as session:
        (row,) = queries.reconciled(session, DISTRICT, NOVEMBER)
        assert (row.ledger_cents, row.settled_cents, row.gone_cents) == (20_000, 10_000, 10_000)
        assert row.unexplained_cents == 0


def test_a_part_of_a_visit_is_paid_in_part_by_contract_too(database: Engine) -> None:
    from app.orders import actions as orders
    from app.orders.rules import VisitEvent

    with transaction() as session:
        visit = a_done_visit(session, an_elder(session), minutes=40, verified=False)
        orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=TEN, part=(40, 60))
        partial.note(session, visit, None, 40, 60, 6_667, by="test", now=TEN, reason="short")
        provider_id = visit.provider_id
        assert provider_id
        prices = [{"item": "BATHING", "unit": "visit", "cents": 9_000}]
        a_contract(session, session.get_one(Provider, provider_id), prices=prices)
    (line,) = lines_of(drawn(provider_id))
    assert (line.allowance_cents, line.contract_cents, line.given, line.whole) == (6_667, 6_000, 40, 60)
    assert balanced()


def test_two_different_supervisors_approve(database: Engine) -> None:
    provider_id, _ = a_month(1)
    statement = drawn(provider_id)
    with transaction() as session:
        one, manager = somebody(session), somebody(session, Role.MANAGER, provider_id)
        with pytest.raises(Refused):
            actions.move(session, statement.id, Event.ISSUE, me=manager, now=THEN)
        actions.move(session, statement.id, Event.ISSUE, me=one, now=THEN)
        with pytest.raises(NotReady):
            actions.move(session, statement.id, Event.CHECK, me=one, now=THEN)
        with pytest.raises(Refused):
            actions.move(session, statement.id, Event.AGREE, me=one, now=THEN)
        actions.move(session, statement.id, Event.CHECK, me=one, now=THEN + timedelta(days=6))
        with pytest.raises(TwoPersons):
            actions.move(session, statement.id, Event.APPROVE, me=one, now=THEN)
        with pytest.raises(IllegalMove):
            actions.move(session, statement.id, Event.LOCK, me=one, now=THEN)


def test_even_sql_cannot_make_one_person_two(database: Engine) -> None:
    provider_id, _ = a_month(1)
    statement = drawn(provider_id)
    with transaction() as session:
        user = somebody(session)
    twice = text("update statements set state = 'approved', checked_by_id = :u, approved_by_id = :u where id = :id")
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(twice, {"u": user.id, "id": statement.id})


@pytest.mark.parametrize(
    "statement",
    [
        "update statements set state = 'draft'",
        "update statements set payable_cents = payable_cents - 1, deducted_cents = deducted_cents + 1",
        "delete from statements",
        "update statement_lines set contract_cents = 1",
        "delete from statement_lines",
        "insert into statement_lines select district_id, id + 100, division_code, provider_id, statement_id, 99, kind, "
        "999, order_id, elder_id, item_code, served_on, minutes, planned_minutes, given, whole, 0, 0, 0, payers, "
        "terms_id from statement_lines limit 1",
        "delete from settled_entries",
        "update settled_entries set cents = 1",
        "truncate statement_lines",
        "truncate settled_entries",
        "truncate statements cascade",
        "insert into statement_deductions (district_id, provider_id, statement_id, rule, counted, whole, basis_cents, "
        "cents, said) select district_id, provider_id, id, 'appraisal', 0, 0, 0, 1, '{}' from statements",
        "alter table statement_lines disable trigger statement_lines_stay",
    ],
)
def test_what_is_locked_stays_also_against_sql(database: Engine, statement: str) -> None:
    provider_id, _ = a_month(1)
    locked(provider_id)
    with pytest.raises(DatabaseError), transaction() as session:
        session.execute(text(statement))


def test_an_open_dispute_stops_the_check_and_an_accepted_one_asks_for_a_new_drawing(database: Engine) -> None:
    provider_id, (visit_id, _) = a_month(2)
    statement = drawn(provider_id)
    with transaction() as session:
        one, manager = somebody(session), somebody(session, Role.MANAGER, provider_id)
        actions.move(session, statement.id, Event.ISSUE, me=one, now=THEN)
        row = actions.dispute(
            session, statement.id, visit_id=visit_id, rule=None, words="两个小时", by=manager.by, now=THEN
        )
        after = THEN + timedelta(days=6)
        with pytest.raises(NotReady):
            actions.move(session, statement.id, Event.CHECK, me=one, now=after)
        with pytest.raises(Refused):
            actions.answer(session, row.id, Event.ACCEPT, words="yes", me=manager, now=after)
        actions.answer(session, row.id, Event.ACCEPT, words="是的", me=one, now=after)
        assert row.state is DisputeState.ACCEPTED
        told = history.of(session, DISTRICT, "statements", statement.id)
        assert [(line.event, line.reason) for line in told][-2:] == [("dispute", None), ("dispute_accept", "是的")]
        with pytest.raises(NotReady):
            actions.move(session, statement.id, Event.CHECK, me=one, now=after)
        actions.move(session, statement.id, Event.RETURN, me=one, now=after, reason="为 1 号更正")
    again = drawn(provider_id, now=after + timedelta(hours=1))
    with transaction() as session:
        actions.move(session, again.id, Event.ISSUE, me=one, now=after + timedelta(hours=1))
        actions.move(session, again.id, Event.AGREE, me=manager, now=after + timedelta(hours=1))
        checked = actions.move(session, again.id, Event.CHECK, me=one, now=after + timedelta(hours=2))
        assert checked.state is StatementState.CHECKED


def test_whoever_knows_the_seed_draws_the_same_visits(database: Engine) -> None:
    provider_id, visits = a_month(5)
    with transaction() as session:
        a_contract(session, session.get_one(Provider, provider_id), sampling_percent=30)
    statement = drawn(provider_id)
    with transaction() as session:
        chosen = [sample.visit_id for sample, *_ in queries.samples(session, statement)]
    assert chosen == drawn_of(visits, 30, statement.seed) and len(chosen) == 2
    with transaction() as session:
        one = somebody(session)
        actions.call_back(
            session, statement.id, chosen[0], state=SampleState.CONFIRMED, note="来过", by=one.by, now=THEN
        )
    again = drawn(provider_id)
    with transaction() as session:
        told = {row.visit_id: row.state for row, *_ in queries.samples(session, again)}
        assert told == {chosen[0]: SampleState.CONFIRMED, chosen[1]: SampleState.OPEN}
        actions.move(session, again.id, Event.ISSUE, me=one, now=THEN)
        with pytest.raises(NotReady):
            actions.move(session, again.id, Event.CHECK, me=one, now=THEN + timedelta(days=9))


def test_the_check_sum_tells_a_changed_line(database: Engine) -> None:
    provider_id, _ = a_month(2)
    statement = drawn(provider_id)
    with transaction() as session:
        assert proof.checksum(session, session.get_one(Statement, statement.id)) == statement.checksum
        line = session.query(StatementLine).first()
        assert line is not None
        line.contract_cents += 1
        session.flush()
        assert proof.checksum(session, session.get_one(Statement, statement.id)) != statement.checksum


def test_a_run_that_was_killed_goes_on_where_it_ended(database: Engine) -> None:
    a_month(1)
    with transaction() as session:
        from tests.cast import a_provider

        other = a_provider(session, name="另一家")
        a_done_visit(session, an_elder(session), provider=other)

    class Killed(Exception):
        """As by SIGKILL: nothing after it runs."""

    def kill(done: int, visits: int, of: int) -> bool:
        if done == 1:
            raise Killed
        return False

    with pytest.raises(Killed):
        running.run(DISTRICT, NOVEMBER, by="test", since=THEN, beat=kill)
    with transaction() as session:
        (first,) = session.scalars(select(Statement)).all()
        drawn_at = first.drawn_at
    assert running.run(DISTRICT, NOVEMBER, by="test", since=THEN - timedelta(days=60)) == 2
    with transaction() as session:
        assert [row.drawn_at == drawn_at for row in session.scalars(select(Statement).order_by(Statement.id))] == [
            True, False,
        ]  # fmt: skip
        entries = session.scalars(select(SettledEntry.entry_id)).all()
        assert len(entries) == len(set(entries)) == 2
    assert balanced()


def test_a_sample_is_kept_per_visit(database: Engine) -> None:
    provider_id, _ = a_month(2)
    with transaction() as session:
        a_contract(session, session.get_one(Provider, provider_id), sampling_percent=100)
    for _ in range(2):
        drawn(provider_id)
    with transaction() as session:
        assert session.query(StatementSample).count() == 2
