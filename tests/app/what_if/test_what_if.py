"""A changed rule on last month's real orders: paid again by the same split, not by a multiplication."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import Scope, transaction
from app.errors import CareError
from app.funding import actions as funding
from app.funding import programs
from app.funding.terms import BadTerms, Terms
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.orders import actions as orders
from app.orders.quotes import Wish
from app.people.rules import AbilityLevel
from app.what_if import actions
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, a_program, an_elder, an_item
from tests.clients import ok

NOVEMBER = date(2026, 11, 1)
NOW = datetime(2026, 11, 2, 2, tzinfo=UTC)
SAID = {"intact": 20_000, "mild": 20_000, "moderate": 26_000, "severe": 32_000}


@pytest.fixture
def month(database: Engine) -> int:
    """A moderate one with three baths and a mild one with one, 100 yuan each, in November; answers the programme."""
    with transaction() as session:
        an_item(session)
        program = a_program(session).id
        elders = [an_elder(session).id, an_elder(session, level=AbilityLevel.MILD).id]
        funding.grant_months(session, now=NOW)
        for elder_id, count in zip(elders, (3, 1), strict=True):
            wishes = [Wish(NOW + timedelta(days=n), NOW + timedelta(days=n)) for n in range(count)]
            made = orders.receive(session, elder_id, "BATHING", wishes, by="test", now=NOW)
            orders.confirm(
                session, made.id, allowance_cents=made.allowance_cents, self_pay_cents=made.self_pay_cents, by="test",
                now=NOW,
            )  # fmt: skip
    return program


def ask(program: int, terms: Terms) -> int:
    with transaction(Scope(DISTRICT, str(DISTRICT))) as session:
        return actions.ask(session, program, terms, NOVEMBER, district_id=DISTRICT, by="test", now=NOW).id


def test_the_same_rule_gives_what_the_ledger_says(month: int) -> None:
    outcome = actions.find_out(ask(month, Terms(amounts=SAID)))
    assert outcome.before.paid == outcome.after.paid == {"district": 36_000}
    assert outcome.actual_cents == 36_000 and outcome.visits == 4
    assert (outcome.before.self_pay_cents, outcome.gaining, outcome.losing) == (4_000, 0, 0)


def test_a_changed_rule_is_paid_line_by_line(month: int) -> None:
    outcome = actions.find_out(ask(month, Terms(amounts={"moderate": 40_000}, share_percent=90)))
    assert outcome.after.paid == {"district": 27_000}, "nine tenths of three baths; more is free and stays"
    assert outcome.after.promised == {"district": 40_000}
    assert outcome.after.levels == {"moderate": 27_000, "mild": 0}
    assert (outcome.gaining, outcome.losing, outcome.no_longer) == (1, 1, 1)
    assert sum(outcome.bars) == 2
    assert outcome.after.self_pay_cents == 13_000


def test_terms_that_contradict_themselves_are_not_tried(month: int) -> None:
    with pytest.raises(BadTerms):
        ask(month, Terms(amounts={"moderate": 1}, not_with=("nobody",)))


def test_a_supervisor_asks_and_reads_the_answer_without_a_name(month: int) -> None:
    browser = somebody(Role.SUPERVISOR)
    wish = {"program_id": month, "terms": {"amounts": SAID}, "month": "2026-11"}
    asked = ok(browser.post("/api/what-ifs", json=wish))
    with transaction() as session:
        job_id = session.query(Job).one().id
    actions.carry_out(job_id)
    actions.carry_out(job_id)
    answer = browser.get(f"/api/what-ifs/{asked['id']}")
    told = ok(answer)
    assert told["state"] == JobState.DONE and told["outcome"]["paid"]["after_cents"] == 36_000
    assert "林桂芬" not in answer.text
    assert ok(browser.get("/api/what-ifs"))["items"][0]["id"] == asked["id"]


def test_a_circle_of_programmes_is_refused(month: int) -> None:
    with transaction() as session:
        other = a_program(session, code="other", not_with=("district",))
        with pytest.raises(CareError, match="circle"):
            programs.draft(
                session, programs.get(session, month, DISTRICT), Terms(amounts=SAID, not_with=(other.code,)),
                starts=date(2026, 12, 1), note="7", by="王", now=NOW,
            )  # fmt: skip
