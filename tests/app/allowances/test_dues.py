"""Who is due what in a month: bands, applications, proofs, deaths, moves, duplicates, and what was paid before."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select, text

from app.allowances import actions, queries, recipients
from app.allowances.rules import Band, BandStart, LastMonth, ProofWay, ReturnReason
from app.db import transaction
from app.messages.tables import OutboxMessage
from app.people.life_rules import LifeKind
from app.people.rules import AbilityLevel
from tests.app.allowances.cast import (
    BANDS,
    CARD,
    OLD_AGE,
    a_recipient,
    a_rule,
    drafted,
    issued,
    lines,
    recoveries,
    told,
    told_lines,
)
from tests.cast import STREET, an_elder
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
SEP, OCT, NOV = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)


@pytest.mark.parametrize(
    ("born", "cents"),
    [
        (date(1946, 11, 30), 100_00),  # 80 on the last day of the month
        (date(1946, 11, 1), 100_00),
        (date(1946, 12, 1), None),
        (date(1936, 11, 30), 200_00),
        (date(1936, 12, 1), 100_00),
        (date(1926, 11, 2), 600_00),
    ],
)
def test_a_band_is_paid_from_the_month_of_the_birthday(born: date, cents: int | None) -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        a_recipient(session, born=born)
    assert [line.cents for line in lines(drafted(NOV))] == ([cents] if cents else [])


@pytest.mark.parametrize(
    ("born", "cents"),
    [(date(1946, 11, 1), None), (date(1946, 10, 31), 100_00), (date(1936, 11, 1), 100_00), (date(1944, 2, 29), 100_00)],
)
def test_or_from_the_month_after_it(born: date, cents: int | None) -> None:
    with transaction() as session:
        a_rule(session, starts=NOV, band_start=BandStart.NEXT_MONTH)
        a_recipient(session, born=born)
    assert [line.cents for line in lines(drafted(NOV))] == ([cents] if cents else [])


def test_a_street_with_a_rule_of_its_own_pays_by_it_and_the_newest_month_holds() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP)
        a_rule(session, starts=NOV, area=STREET[:9], bands=(Band(from_age=80, cents=150_00),))
        a_recipient(session)
        a_recipient(session, division_code="370503002001")
    assert [line.cents for line in lines(drafted(NOV)) if line.month == NOV] == [150_00, 100_00]


def test_a_nursing_subsidy_goes_by_level_and_category() -> None:
    severe, total = AbilityLevel.SEVERE, AbilityLevel.TOTAL
    bands = (Band(from_age=60, level=severe, cents=80_00), Band(from_age=60, level=total, cents=120_00))
    with transaction() as session:
        a_rule(session, starts=NOV, bands=bands, any_category=["dibao"], no_category=["tekun"])
        a_recipient(session, level=total, categories=["dibao"])
        a_recipient(session, level=total, categories=["living_alone"])
        a_recipient(session, level=total, categories=["dibao", "tekun"])
        a_recipient(session, level=AbilityLevel.MILD, categories=["dibao"])
        a_recipient(session, level=severe, categories=["dibao"])
    assert [line.cents for line in lines(drafted(NOV))] == [120_00, 80_00]


def test_who_is_due_and_not_paid_stands_there_with_the_reason() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        an_elder(session)
        a_recipient(session, account=False)
        a_recipient(session, applied_on=date(2025, 10, 31))
        a_recipient(session, applied_on=date(2025, 11, 1))
    assert [(line.hold and line.hold.value) for line in lines(drafted(NOV))] == [
        "not_applied", "no_account", "proof_overdue", None,
    ]  # fmt: skip


def test_a_late_application_is_paid_back_as_far_as_the_rule_says() -> None:
    with transaction() as session:
        a_rule(session, starts=date(2026, 3, 1), back_months=2)
        a_recipient(session, applied_on=date(2026, 11, 10))
    assert told_lines(drafted(NOV)) == [
        (SEP, "back_pay", 100_00, "listed"), (OCT, "back_pay", 100_00, "listed"), (NOV, "regular", 100_00, "listed"),
    ]  # fmt: skip


def test_a_paused_payment_is_made_good_after_the_proof() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP)
        elder = a_recipient(session, applied_on=date(2025, 9, 20))
    assert told_lines(issued(SEP)) == [(SEP, "regular", 100_00, "paid")]
    first = issued(OCT)
    assert told_lines(first) == [(OCT, "regular", 100_00, "proof_overdue")]
    with transaction() as session:
        recipients.prove(session, elder, proven_on=date(2026, 11, 2), way=ProofWay.HOME_VISIT, by="test", now=MORNING)
    assert told_lines(drafted(NOV)) == [(OCT, "back_pay", 100_00, "listed"), (NOV, "regular", 100_00, "listed")]


def test_a_pause_is_told_once() -> None:
    with transaction() as session:
        a_rule(session, starts=OCT)
        a_recipient(session, applied_on=date(2025, 9, 20), phone="13800001111")
    for month in (OCT, NOV):
        number = issued(month)
        with transaction() as session:
            batch = queries.batch(session, number)
            assert recipients.tell_paused(session, batch, now=MORNING) == (1 if month == OCT else 0)
    with transaction() as session:
        (said,) = session.scalars(select(OutboxMessage.text)).all()
    assert "生存认证" in said and "10月起暂停" in said


@pytest.mark.parametrize(
    ("kind", "rule", "left"),
    [
        (LifeKind.DEATH, LastMonth.SAME_MONTH, [SEP, OCT]),
        (LifeKind.DEATH, LastMonth.MONTH_BEFORE, [SEP]),
        (LifeKind.MOVED_AWAY, LastMonth.SAME_MONTH, [SEP, OCT]),
        (LifeKind.MOVED_AWAY, LastMonth.MONTH_BEFORE, [SEP]),
    ],
)
def test_a_death_or_move_told_late_is_asked_back(kind: LifeKind, rule: LastMonth, left: list[date]) -> None:
    with transaction() as session:
        a_rule(session, starts=SEP, last_month_of_death=rule, last_month_of_move=rule)
        elder = a_recipient(session)
    for month in (SEP, OCT):
        issued(month)
    with transaction() as session:
        told(session, elder, kind, date(2026, 10, 31))
    number = issued(NOV)
    assert lines(number) == []
    assert recoveries() == [(month, 100_00, kind.value) for month in (SEP, OCT) if month not in left]


def test_an_event_taken_back_pays_the_months_and_asks_nothing_twice() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP)
        elder = a_recipient(session)
    issued(SEP)
    with transaction() as session:
        event_id = told(session, elder, LifeKind.DEATH, date(2026, 8, 1)).id
    issued(OCT)
    assert recoveries() == [(SEP, 100_00, "death")]
    with transaction() as session:
        session.execute(
            text("update life_events set undone_by = 'x', undone_at = now(), undone_reason = 'x' where id = :id"),
            {"id": event_id},
        )
    assert told_lines(drafted(NOV)) == [(OCT, "back_pay", 100_00, "listed"), (NOV, "regular", 100_00, "listed")]
    assert recoveries() == [(SEP, 100_00, "death")]


def test_a_rule_amended_for_months_gone_by_pays_the_difference_or_asks_for_it() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP)
        a_recipient(session)
        a_recipient(session, born=date(1930, 1, 1))
    issued(SEP)
    with transaction() as session:
        a_rule(
            session,
            starts=SEP,
            area=STREET[:9],
            bands=(*BANDS[1:], Band(from_age=80, cents=130_00), Band(from_age=95, cents=150_00)),
        )
    assert told_lines(drafted(OCT))[:2] == [(SEP, "back_pay", 30_00, "listed"), (OCT, "regular", 130_00, "listed")]
    assert recoveries() == [(SEP, 50_00, "less_due")]


def test_the_same_number_in_two_counties_is_paid_where_it_applied_first(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (370521, '垦利区')"))
    with transaction() as session:
        a_rule(session, starts=NOV)
        here, there = (
            a_recipient(session, applied_on=date(2026, 6, 1)),
            a_recipient(session, applied_on=date(2026, 2, 1)),
        )
        session.execute(
            text("update elders set district_id = 370521, id_hash = :hash where id = :there"),
            {"hash": here.id_hash, "there": there.id},
        )
        session.execute(text("update allowance_claims set district_id = 370521 where elder_id = :id"), {"id": there.id})
    assert [(line.elder_id, line.hold and line.hold.value) for line in lines(drafted(NOV))] == [(here.id, "duplicate")]


def test_one_person_registered_twice_here_is_paid_once() -> None:
    with transaction() as session:
        a_rule(session, starts=NOV)
        a_recipient(session, applied_on=date(2026, 2, 1))
        again = a_recipient(session, applied_on=date(2026, 6, 1))
        session.execute(
            text("update elders set id_hash = null, id_number = null, id_unverified = 'lost' where id = :id"),
            {"id": again.id},
        )
    assert [line.hold and line.hold.value for line in lines(drafted(NOV))] == [None, "duplicate"]


def test_what_came_back_is_paid_again_by_the_next_batch_once_it_was_corrected() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP)
        elder = a_recipient(session)
    (line,) = lines(issued(SEP))
    with transaction() as session:
        actions.give_back(session, line.id, ReturnReason.WRONG_ACCOUNT, by="test", now=MORNING)
    assert told_lines(issued(OCT)) == [(OCT, "regular", 100_00, "paid")], "waits for the correction"
    with transaction() as session:
        recipients.set_payee(
            session, elder, holder=elder.name, bank="农商银行", account=f"{CARD}7777", by="test", now=MORNING
        )
        actions.correct(session, line.id, by="test", now=MORNING)
    assert told_lines(drafted(NOV)) == [(SEP, "again", 100_00, "listed"), (NOV, "regular", 100_00, "listed")]


def test_somebody_who_moved_in_is_paid_from_then() -> None:
    with transaction() as session:
        a_rule(session, starts=SEP, back_months=12)
        elder = an_elder(session, born=date(1944, 3, 8))
        recipients.apply_for(
            session, elder, OLD_AGE, applied_on=date(2026, 11, 1),
            resident_from=date(2026, 10, 15), by="test", now=MORNING,
        )  # fmt: skip
        recipients.set_payee(
            session, elder, holder=elder.name, bank="农商银行", account=CARD, by="test", now=MORNING - timedelta(days=1)
        )
    assert [line.month for line in lines(drafted(NOV))] == [OCT, NOV]
