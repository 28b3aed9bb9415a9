"""The life of an assessment: two people, one result, a level that follows, and nothing that changes afterwards."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from app import calendar
from app.access.rules import Role
from app.access.tables import AccessLog
from app.assessments import queries
from app.assessments.rules import MOVES, AssessmentEvent, AssessmentState, due_on
from app.assessments.scale import MOST
from app.assessments.tables import Assessment, LevelChange
from app.db import transaction
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, an_elder
from tests.clients import Client, ok

PATH = "/api/assessments"
MILD = {**MOST, "stairs": 1, "bathing": 2, "memory": 3}  # 85 points


@pytest.fixture
def elder_id(database: Engine) -> int:
    """Lin Guifen, moderately disabled by nobody's finding."""
    with transaction() as session:
        return an_elder(session).id


@pytest.fixture
def two(database: Engine) -> tuple[Client, Client]:
    """Zhang Ping and Chen Jing, who assess."""
    return somebody(Role.ASSESSOR, name="张萍"), somebody(Role.ASSESSOR, name="陈静")


def today() -> date:
    return calendar.day_of(datetime.now(UTC))


def begin(one: Client, elder_id: int, kind: str = "first", on: date | None = None) -> Any:
    wish = {"elder_id": elder_id, "kind": kind, "assessed_on": (on or today()).isoformat()}
    return ok(one.post(PATH, json=wish))


def form(a: Any, **given: Any) -> dict[str, Any]:
    return {
        "version": a["version"], "assessed_on": a["assessed_on"], "kind": a["kind"], "venue": "home",
        "source": "family", "source_name": "周慧", "items": MILD,
    } | given  # fmt: skip


def written(one: Client, a: Any, **given: Any) -> Any:
    return ok(one.put(f"{PATH}/{a['id']}", json=form(a, **given)))


def signed(two: tuple[Client, Client], a: Any) -> Any:
    for one in two:
        a = ok(one.post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}))
    return a


def published(two: tuple[Client, Client], elder_id: int, kind: str = "first", **given: Any) -> Any:
    on = given.pop("on", None)
    a = signed(two, written(two[0], begin(two[0], elder_id, kind, on), **given))
    return ok(two[0].post(f"{PATH}/{a['id']}/publish"))


def level(elder_id: int) -> AbilityLevel:
    with transaction() as session:
        return session.get_one(Elder, elder_id).level


def test_two_people_sign_and_the_elders_level_follows(two: tuple[Client, Client], elder_id: int) -> None:
    a = begin(two[0], elder_id)
    assert a["so_far"]["score"] == 0 and len(a["so_far"]["missing"]) == 26
    a = written(two[0], a, items={"eating": 4, "stairs": 1})
    assert (a["so_far"]["score"], a["so_far"]["initial_level"]) == (5, None)
    a = written(two[0], a, risk_events={"fall": 1, "lost": 1})
    assert a["so_far"]["score"] == 85 and a["so_far"]["domains"]["self_care"] == 30
    a = ok(two[0].post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}))
    assert a["state"] == "draft" and "sign" not in a["possible"]
    assert two[0].post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}).json()["type"].endswith("SamePerson")
    a = ok(two[1].post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}))
    assert a["state"] == "signed" and a["second"]["name"] == "陈静" and level(elder_id) is AbilityLevel.MODERATE
    a = written_off = ok(two[1].post(f"{PATH}/{a['id']}/publish"))
    assert a["level"] == "moderate" and a["so_far"]["initial_level"] == "mild", "one worse: two events"
    assert a["due_on"] == due_on(today(), 12).isoformat()
    assert [line["event"] for line in written_off["history"]] == ["start", "sign", "sign", "publish"]


def test_a_changed_level_is_announced_once_and_kept(
    two: tuple[Client, Client], elder_id: int, notices: list[str]
) -> None:
    published(two, elder_id)
    with transaction() as session:
        change = session.query(LevelChange).one()
        assert (change.before, change.after, change.effective_on) == ("moderate", "mild", today())
    assert f"elders/{elder_id}" in notices and level(elder_id) is AbilityLevel.MILD
    with transaction() as session, pytest.raises(DBAPIError, match="keeps what was written"):
        session.execute(text("update level_changes set after = 'total'"))
    notices.clear()
    published(two, elder_id, "regular")  # the same level again changes nothing
    with transaction() as session:
        assert session.query(LevelChange).count() == 1
    assert f"elders/{elder_id}" not in notices


def test_what_is_answered_after_the_first_signature_voids_it(two: tuple[Client, Client], elder_id: int) -> None:
    a = written(two[0], begin(two[0], elder_id))
    seen = ok(two[0].post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}))
    a = written(two[1], seen, items=MILD | {"eating": 0})
    assert a["first"]["signed_at"] is None
    stale = two[0].post(f"{PATH}/{a['id']}/sign", json={"version": seen["version"]})
    assert stale.status_code == 409, "she has not seen what she would sign"
    assert two[0].put(f"{PATH}/{a['id']}", json=form(seen)).status_code == 409
    same = written(two[1], a, items=MILD | {"eating": 0})
    assert same["version"] == a["version"], "writing the same again changes nothing"


@pytest.mark.parametrize(
    ("given", "kind", "named"),
    [
        ({"items": {k: v for k, v in MILD.items() if k != "memory"}}, "Unassessable", "memory"),
        ({"venue": None}, "Incomplete", "venue"),
        ({"source": None}, "Incomplete", "source"),
        ({"coma": True}, "Contradiction", "consciousness"),
    ],
)
def test_what_is_not_whole_is_not_signed(
    given: dict[str, Any], kind: str, named: str, two: tuple[Client, Client], elder_id: int
) -> None:
    a = written(two[0], begin(two[0], elder_id), **given)
    answer = two[0].post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]})
    assert answer.status_code in (409, 422) and answer.json()["type"] == f"/problems/{kind}"
    assert named in answer.json()["items"]


@pytest.mark.parametrize("items", [{"eating": 5}, {"juggling": 1}, {"stairs": 4}, {"eating": "4"}, {"eating": 1.5}])
def test_a_draft_takes_no_impossible_answer(items: dict[str, Any], two: tuple[Client, Client], elder_id: int) -> None:
    a = begin(two[0], elder_id)
    assert two[0].put(f"{PATH}/{a['id']}", json=form(a, items=items)).status_code == 422


def test_the_level_a_client_sends_is_not_stored(two: tuple[Client, Client], elder_id: int) -> None:
    a = written(two[0], begin(two[0], elder_id), final_level="total", level="total", score=3, result={"score": 3})
    a = ok(two[0].post(f"{PATH}/{signed(two, a)['id']}/publish"))
    assert (a["level"], a["so_far"]["score"]) == ("mild", 85)


def test_a_third_assessor_neither_writes_nor_signs(two: tuple[Client, Client], elder_id: int) -> None:
    third, a = somebody(Role.ASSESSOR), begin(two[0], elder_id)
    chosen = next(one["id"] for one in ok(two[0].get(f"{PATH}/form"))["assessors"] if one["name"] == "陈静")
    a = written(two[0], a, second_assessor_id=chosen)
    assert third.put(f"{PATH}/{a['id']}", json=form(a)).status_code == 403
    assert third.post(f"{PATH}/{a['id']}/sign", json={"version": a["version"]}).status_code == 403
    assert third.post(f"{PATH}/{a['id']}/withdraw", json={"reason": "no"}).status_code == 403
    assert ok(third.get(f"{PATH}/{a['id']}"))["possible"] == []


def test_one_person_is_not_two(two: tuple[Client, Client], elder_id: int) -> None:
    a = begin(two[0], elder_id)
    answer = two[0].put(f"{PATH}/{a['id']}", json=form(a, second_assessor_id=a["first"]["id"]))
    assert answer.status_code == 409
    with transaction() as session, pytest.raises(DBAPIError, match="two_people"):
        session.execute(text("update assessments set second_assessor_id = first_assessor_id"))


def test_what_was_signed_cannot_be_changed_by_anybody(two: tuple[Client, Client], elder_id: int) -> None:
    a = signed(two, written(two[0], begin(two[0], elder_id)))
    assert two[0].put(f"{PATH}/{a['id']}", json=form(a)).status_code == 409
    for statement in ("update assessments set final_level = 'total'", "update assessments set answers = ''",
                      "delete from assessments"):  # fmt: skip
        with transaction() as session, pytest.raises(DBAPIError, match="keeps what was written"):
            session.execute(text(statement))
    with transaction() as session, pytest.raises(DBAPIError, match="signed_twice"):
        session.execute(text("update assessments set second_signed_at = null"))


def test_a_mistake_seen_in_time_goes_back_to_the_draft(two: tuple[Client, Client], elder_id: int) -> None:
    a = signed(two, written(two[0], begin(two[0], elder_id)))
    a = ok(two[1].post(f"{PATH}/{a['id']}/reopen", json={"reason": "walking was seen better than written"}))
    assert a["state"] == "draft" and a["level"] is None and a["first"]["signed_at"] is None
    a = signed(two, written(two[1], a, items=MILD | {"eating": 3}))
    assert a["so_far"]["score"] == 84


def test_a_later_one_supersedes_and_compares(two: tuple[Client, Client], elder_id: int) -> None:
    first = published(two, elder_id, on=today() - timedelta(days=300))
    second = published(two, elder_id, "immediate", items=MILD | {"walking": 1, "toileting": 1})
    assert second["before"]["id"] == first["id"] and second["before"]["items"]["walking"] == 4
    whole = ok(two[0].get(f"{PATH}/elders/{elder_id}"))
    assert [(one["state"], one["score"]) for one in whole["items"]] == [("published", 79), ("superseded", 85)]
    assert "first" not in whole["may_start"] and "review" in whole["may_start"]


def test_withdrawn_the_level_before_is_theirs_again(two: tuple[Client, Client], elder_id: int) -> None:
    a = published(two, elder_id, items=dict.fromkeys(MOST, 0))
    assert level(elder_id) is AbilityLevel.TOTAL
    ok(two[0].post(f"{PATH}/{a['id']}/withdraw", json={"reason": "another person's form"}))
    assert level(elder_id) is AbilityLevel.MODERATE
    with transaction() as session:
        assert [(c.after, c.withdrawn) for c in session.query(LevelChange).order_by(LevelChange.id)] == [
            ("total", False), ("moderate", True)
        ]  # fmt: skip
        assert queries.valid_of(session, elder_id) is None


def test_the_kind_fits_what_went_before(two: tuple[Client, Client], elder_id: int) -> None:
    wish = {"elder_id": elder_id, "assessed_on": today().isoformat()}
    for kind in ("regular", "immediate", "review"):
        assert two[0].post(PATH, json=wish | {"kind": kind}).status_code == 409, kind
    published(two, elder_id)
    assert two[0].post(PATH, json=wish | {"kind": "first"}).status_code == 409
    to_come = (today() + timedelta(days=2)).isoformat()
    assert two[0].post(PATH, json=wish | {"kind": "review", "assessed_on": to_come}).status_code == 409
    begin(two[0], elder_id, "review")
    assert two[1].post(PATH, json=wish | {"kind": "review"}).status_code == 409, "one form at a time"


def test_an_older_result_does_not_take_the_place_of_a_newer_one(two: tuple[Client, Client], elder_id: int) -> None:
    published(two, elder_id)
    old = begin(two[0], elder_id, "other", on=today() - timedelta(days=9))
    old = signed(two, written(two[0], old))
    assert two[0].post(f"{PATH}/{old['id']}/publish").status_code == 409


KEPT = {
    "standard": "mzt_039_2013", "assessed_by": "河口街道评估组", "level_given": "2", "level": "severe",
    "note": "旧标准中度，按本区对照表",
}  # fmt: skip


def test_a_result_of_an_older_scale_is_kept_and_decides_nothing_unless_recognised(
    two: tuple[Client, Client], elder_id: int
) -> None:
    kept = KEPT | {"elder_id": elder_id, "assessed_on": "2025-06-01"}
    a = ok(two[0].post(f"{PATH}/results", json=kept))
    assert (a["state"], a["level_given"], a["so_far"], a["due_on"]) == ("published", "2", None, None)
    assert level(elder_id) is AbilityLevel.MODERATE
    ltci = {"standard": "ltci_2021", "level_given": "重度失能Ⅰ级", "counts": True, "assessed_on": "2026-01-31"}
    a = ok(two[0].post(f"{PATH}/results", json=kept | ltci))
    assert level(elder_id) is AbilityLevel.SEVERE and a["due_on"] == "2027-01-31"
    mine = published(two, elder_id, "regular")
    assert mine["before"] is None, "compared only with the same form"
    past = ok(two[0].get(f"{PATH}/elders/{elder_id}"))["items"]
    assert [(one["standard"], one["state"]) for one in past] == [
        ("gbt_42195_2022", "published"), ("ltci_2021", "superseded"), ("mzt_039_2013", "published")
    ]  # fmt: skip


def test_who_is_due_is_listed_and_who_was_asked_for_comes_first(two: tuple[Client, Client], elder_id: int) -> None:
    with transaction() as session:
        never, assessed, fresh = (an_elder(session).id for _ in range(3))
    published(two, assessed, on=due_on(today(), -12) - timedelta(days=3))
    published(two, fresh)
    ok(somebody(Role.OPERATOR).post(
        f"{PATH}/requests", json={"elder_id": fresh, "kind": "immediate", "reason": "跌倒后起不了床"}
    ))  # fmt: skip
    due = ok(two[0].get(f"{PATH}/due"))
    assert [one["elder_id"] for one in due["items"]] == [fresh, elder_id, never, assessed]
    assert due["items"][3]["overdue_days"] == 3 and due["items"][0]["asked"] == "immediate"
    assert (due["served"], due["valid"], due["overdue"], due["asked"]) == (4, 1, 1, 1)
    again = {"elder_id": fresh, "kind": "review", "reason": "again"}
    assert two[0].post(f"{PATH}/requests", json=again).status_code == 409
    published(two, fresh, "immediate")
    assert fresh not in [one["elder_id"] for one in ok(two[0].get(f"{PATH}/due"))["items"]]


def test_the_terms_of_the_day_of_assessment_say_when_the_next_is_due(two: tuple[Client, Client], elder_id: int) -> None:
    bureau, on = somebody(Role.SUPERVISOR), today() - timedelta(days=40)
    for term in (
        {"level": None, "months": 24, "starts": "2020-01-01"},
        {"level": "mild", "months": 6, "starts": (on - timedelta(days=1)).isoformat()},
        {"level": "mild", "months": 3, "starts": (on + timedelta(days=1)).isoformat()},
    ):
        ok(bureau.post(f"{PATH}/terms", json=term))
    assert published(two, elder_id, on=on)["due_on"] == due_on(on, 6).isoformat()
    with transaction() as session:
        assert queries.months_for(session, DISTRICT, AbilityLevel.TOTAL, on) == 24
        assert queries.months_for(session, 370521, AbilityLevel.TOTAL, on) == 12
    assert two[0].post(f"{PATH}/terms", json={"level": None, "months": 1, "starts": "2020-01-01"}).status_code == 403


@pytest.mark.parametrize(
    ("on", "months", "due"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 22), 12, date(2027, 11, 22)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
    ],
)
def test_so_many_months_on_is_the_same_day_or_the_last_of_the_month(on: date, months: int, due: date) -> None:
    assert due_on(on, months) == due


def test_answers_score_and_reasons_are_sealed_and_reading_them_is_on_record(
    two: tuple[Client, Client], elder_id: int
) -> None:
    a = published(two, elder_id, dementia=True, note="有时认不出女儿")
    with transaction() as session:
        row = session.execute(text("select answers, result from assessments")).one()
        assert not [word for word in ("eating", "dementia", "周慧", "score") if word in f"{row.answers}{row.result}"]
        assert {log.field for log in session.query(AccessLog).filter_by(elder_id=elder_id)} == {"assessment"}
    assert a["answers"]["note"] == "有时认不出女儿"


def test_a_supervisor_counts_and_reads_no_name(two: tuple[Client, Client], elder_id: int) -> None:
    bureau = somebody(Role.SUPERVISOR)
    assert ok(bureau.get(f"{PATH}/due"))["items"][0]["elder_name"] == "林*芬"
    a = begin(two[0], elder_id)
    assert ok(bureau.get(PATH))["items"][0]["elder_name"] == "林*芬"
    assert bureau.get(f"{PATH}/{a['id']}").status_code == 403


def test_two_results_published_at_once_leave_one_valid(two: tuple[Client, Client], elder_id: int) -> None:
    a = signed(two, written(two[0], begin(two[0], elder_id)))
    kept = KEPT | {"elder_id": elder_id, "assessed_on": today().isoformat(), "counts": True}
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(two[0].post, f"{PATH}/{a['id']}/publish"),
            pool.submit(two[1].post, f"{PATH}/results", json=kept),
        ]
        assert all(one.result().status_code in (200, 201, 409) for one in done)
    with transaction() as session:
        valid = [one for one in session.query(Assessment) if one.state is AssessmentState.PUBLISHED and one.counts]
        assert len(valid) == 1 and session.get_one(Elder, elder_id).level is valid[0].final_level


def test_every_move_of_the_table_can_be_made_and_no_other() -> None:
    ends = {state for state in AssessmentState if not any(source is state for source, _ in MOVES)}
    assert ends == {AssessmentState.WITHDRAWN}
    assert {event for _, event in MOVES} == set(AssessmentEvent)
