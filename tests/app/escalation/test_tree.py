"""A tree is safe or it is not kept; the default fits whoever it is for; what changed, by whom, stays."""

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.calls import actions as calls
from app.calls.rules import Result, Target
from app.db import transaction
from app.escalation import actions, defaults, queries
from app.escalation.actions import Overtaken
from app.escalation.rules import (
    CONTACTS,
    COUNTS,
    HELP,
    AlarmKind,
    Difference,
    Hours,
    Known,
    Living,
    NotSafe,
    Reached,
    Rung,
    RungKind,
    Tree,
    faults,
    goes_after,
    minutes,
    placed,
)
from app.history import of as history_of
from app.people.rules import AbilityLevel, Relation
from app.people.tables import Contact, Elder
from tests.cast import DISTRICT, TEN, a_client, a_contact, a_user, an_elder

K, R = RungKind, Reached
database = pytest.mark.usefixtures("database")
RESPONDER = Rung(kind=K.RESPONDER, reached=R.ACCEPTED, wait=90)
AMBULANCE = Rung(kind=K.AMBULANCE, reached=R.SPOKEN)
ELDER = Rung(kind=K.ELDER, reached=R.VOICE)


def family(contact_id: int = 1, **said: Any) -> Rung:
    return Rung(**{"kind": K.FAMILY, "contact_id": contact_id, "reached": R.SPOKEN} | said)


def codes(*rungs: Rung, known: Known | None = None, **said: Any) -> set[str]:
    tree = Tree(rungs=list(rungs), **said)
    return {fault.code for fault in faults(tree, known or Known({1: "13900000001", 2: "13900000002"}))}


def test_a_safe_tree_has_no_fault() -> None:
    assert codes(ELDER, family(), RESPONDER, AMBULANCE, at_once={"fall": [K.RESPONDER]}) == set()


@pytest.mark.parametrize(
    ("rungs", "code"),
    [
        ([], "empty"),
        ([ELDER, RESPONDER, family()], "end"),
        ([ELDER, AMBULANCE], "human"),
        ([family(9), RESPONDER], "gone"),
        ([family(), family(), RESPONDER], "twice"),
        ([Rung(kind=K.FAMILY, reached=R.SPOKEN), RESPONDER], "contact"),
        ([Rung(kind=K.ELDER, contact_id=1, reached=R.VOICE), RESPONDER], "no_contact"),
        ([family(reached=R.VOICE), RESPONDER], "reached"),
        ([family(differs={"fall": {"reached": "accepted"}}), RESPONDER], "reached"),
        ([family(), RESPONDER.model_copy(update={"hours": Hours(opens=time(8), closes=time(20))})], "always"),
        ([family(hours=Hours(opens=time(8), closes=time(8))), RESPONDER], "hours"),
        ([family(), RESPONDER.model_copy(update={"differs": {AlarmKind.FALL: Difference(left_out=True)}}), AMBULANCE],
         "never_left_out"),
    ],
)  # fmt: skip
def test_an_unsafe_tree_says_why(rungs: list[Rung], code: str) -> None:
    assert code in codes(*rungs)


def test_what_is_sent_beside_the_calls_must_stand_on_a_rung() -> None:
    assert "help_missing" in codes(family(), RESPONDER, at_once={"fire": [K.AMBULANCE]})
    assert "no_help" in codes(family(), RESPONDER, silence={"sos": [K.FAMILY]})
    assert "number" in codes(family(), RESPONDER, known=Known({1: "-"}))


@settings(deadline=None)
@given(
    kinds=st.lists(st.sampled_from(list(K)), max_size=8),
    at=st.times(),
    hours=st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
)
def test_hours_hold_or_their_opposite_does_and_a_tree_without_fault_ends_with_help(
    kinds: list[RungKind], at: time, hours: tuple[time, time]
) -> None:
    opens, closes = hours
    assert Hours(opens=opens, closes=closes).hold(at) != Hours(opens=closes, closes=opens).hold(at)
    rungs = [Rung(kind=kind, contact_id=i + 1 if kind in CONTACTS else None, reached=COUNTS[kind][0])
             for i, kind in enumerate(kinds)]  # fmt: skip
    tree = Tree(rungs=rungs)
    if not list(faults(tree, Known(dict.fromkeys(range(1, 9), "12345")))):
        for kind in AlarmKind:
            assert goes_after(minutes(tree, kind, starts=90)) is not None
            assert [rung for _, rung in placed(tree, kind)][-1].kind in HELP


def test_minute_by_minute_each_attempt_follows_the_last_and_help_for_a_fall_goes_beside_the_first() -> None:
    tree = Tree(rungs=[ELDER, family(attempts=2, wait=40), RESPONDER, AMBULANCE], at_once={"fall": [K.RESPONDER]})
    sos = [(m.at, m.what, m.attempt) for m in minutes(tree, AlarmKind.SOS, starts=90) if not m.left and m.rung]
    assert sos == [
        (90, "family", 1), (130, "family", 2), (170, "responder", 1), (260, "responder", 2),
        (350, "ambulance", 1), (380, "ambulance", 2),
    ]  # fmt: skip
    fall = minutes(tree, AlarmKind.FALL, starts=90)
    assert [(m.at, m.beside) for m in fall if m.what == K.RESPONDER] == [(90, True)]
    assert (goes_after(minutes(tree, AlarmKind.SOS, starts=90)), goes_after(fall)) == (170, 90)


def test_a_rung_may_differ_for_one_kind_of_alarm() -> None:
    tree = Tree(rungs=[family(differs={"door": {"left_out": True}}), family(2, differs={"door": {"attempts": 1}}),
                       RESPONDER])  # fmt: skip
    assert [(place, rung.attempts) for place, rung in placed(tree, AlarmKind.DOOR)] == [(1, 1), (2, 2)]
    assert len(list(placed(tree, AlarmKind.SOS))) == 3


@database
@pytest.mark.parametrize("level", list(AbilityLevel))
@pytest.mark.parametrize("alone", [True, False])
def test_every_default_is_safe_with_and_without_contacts(level: AbilityLevel, alone: bool) -> None:
    with transaction() as session:
        tags = ["living_alone"] if alone else []
        for elder in (an_elder(session, level=level, categories=tags), _with_many(session, level, tags)):
            found = queries.held(session, elder.id)
            assert list(faults(found.tree, found.known)) == []
            assert found.version is None and found.tree == found.default


def _with_many(session: Session, level: AbilityLevel, tags: list[str]) -> Elder:
    elder = an_elder(session, level=level, categories=tags)
    for rank, relation in enumerate(Relation, 1):
        a_contact(session, elder, rank=rank, relation=relation, has_key=relation is Relation.KEY_HOLDER)
    return elder


@database
def test_a_key_holder_comes_before_other_neighbours_and_nobody_stands_twice() -> None:
    with transaction() as session:
        elder = _with_many(session, AbilityLevel.SEVERE, ["living_alone"])
        tree = queries.held(session, elder.id).tree
        called = [rung.contact_id for rung in tree.rungs if rung.contact_id]
        first = session.get_one(Contact, called[0])
    assert first.relation is Relation.KEY_HOLDER and len(called) == len(set(called))


@database
def test_an_edited_tree_holds_from_now_on_and_two_editors_do_not_overwrite_each_other() -> None:
    with transaction() as session:
        elder = an_elder(session)
        daughter = a_contact(session, elder)
        tree = Tree(rungs=[family(daughter.id), RESPONDER])
        first = actions.save(session, elder.id, tree, based_on=None, by="王琳", now=TEN, note="女儿最近")
        with pytest.raises(Overtaken):
            actions.save(session, elder.id, tree, based_on=None, by="钱芳", now=TEN)
        second = actions.save(
            session, elder.id, Tree(rungs=[RESPONDER]), based_on=first.n, by="钱芳", now=TEN + timedelta(days=1)
        )
        assert queries.held(session, elder.id).tree.rungs == [RESPONDER]
        assert (second.n, first.ended_by, queries.version(session, elder.id, 1)) == (2, "钱芳", tree)
        actions.drop(session, elder.id, based_on=2, by="王琳", now=TEN + timedelta(days=2))
        assert queries.held(session, elder.id).version is None
        lines = [line.event for line in history_of(session, DISTRICT, "elders", elder.id)]
    assert lines == ["tree_saved", "tree_saved", "tree_dropped"]


@database
def test_what_is_out_of_date_is_told() -> None:
    with transaction() as session:
        elder = an_elder(session)
        daughter, son = a_contact(session, elder), a_contact(session, elder, rank=2, relation=Relation.SON)
        new = a_contact(session, elder, rank=3, relation=Relation.GRANDCHILD)
        tree = Tree(rungs=[family(daughter.id), family(son.id), RESPONDER])
        actions.save(session, elder.id, tree, based_on=None, by="王琳", now=TEN)
        calls.dial(
            session, district_id=DISTRICT, division_code=elder.division_code, target=Target.CONTACT, phone=son.phone,
            user_id=a_user(session).id, contact_id=son.id, result=Result.WRONG_NUMBER, now=TEN,
        )  # fmt: skip
        session.delete(daughter)
        session.flush()
        later = TEN + timedelta(days=366)
        told = {(hint.code, hint.contact_id)
                for hint in queries.hints(session, queries.held(session, elder.id), starts=90, now=later)}  # fmt: skip
        assert told == {
            ("gone", daughter.id), ("number_failed", son.id), ("not_called", new.id), ("not_reviewed", None),
        }  # fmt: skip
        with pytest.raises(NotSafe, match="not on record"):
            actions.review(session, elder.id, based_on=1, by="王琳", now=later)


@database
def test_a_district_keeps_defaults_of_its_own() -> None:
    template = defaults.Template.model_validate({"rungs": [RESPONDER.model_dump(exclude={"contact_id", "hours"})]})
    with transaction() as session:
        elder = an_elder(session, level=AbilityLevel.MILD, categories=["living_alone"])
        for _ in range(2):
            actions.save_template(
                session, DISTRICT, AbilityLevel.MILD, Living.ALONE, template, by="王琳", now=TEN
            )  # fmt: skip
        found = queries.held(session, elder.id)
        assert found.tree.rungs == [RESPONDER] and found.template_n == 2
        with pytest.raises(NotSafe):
            actions.save_template(
                session, DISTRICT, AbilityLevel.MILD, Living.ALONE, defaults.Template(rungs=[]), by="王琳", now=TEN
            )


@database
def test_the_editor_previews_keeps_and_reviews_and_an_operator_only_looks() -> None:
    with transaction() as session:
        elder = an_elder(session)
        daughter = a_contact(session, elder)
    path = f"/api/elders/{elder.id}/escalation"
    lead, operator = a_client(Role.SHIFT_LEAD), a_client(Role.OPERATOR)
    shown = lead.get(path).json()
    assert shown["n"] is None and shown["may_change"] and daughter.phone not in str(shown)
    tree = {"rungs": [{"kind": "family", "contact_id": daughter.id, "reached": "spoken"}]}
    preview = lead.post(f"{path}/preview", json={"tree": tree, "kind": "fall"}).json()
    assert [fault["code"] for fault in preview["faults"]] == ["end"]
    refused = lead.put(path, json={"tree": tree})
    assert refused.status_code == 422 and "so that somebody always goes" in refused.json()["detail"]
    tree["rungs"].append({"kind": "responder", "reached": "accepted"})
    saved = lead.put(path, json={"tree": tree, "note": "试用"}).json()
    assert (saved["n"], saved["versions"][0]["note"]) == (1, "试用")
    assert {"what": "less", "kind": "ambulance", "contact_id": None} in saved["differences"]
    assert lead.post(f"{path}/review", json={"n": 1}).status_code == 200
    assert lead.put(path, json={"tree": tree}).status_code == 409
    assert lead.get(f"{path}/versions/1").json()["rungs"][0]["contact_id"] == daughter.id
    assert operator.get(path).json()["may_change"] is False
    assert operator.put(path, json={"tree": tree, "based_on": 1}).status_code == 403
    defaults_of = lead.get("/api/escalation/defaults").json()
    assert len(defaults_of["items"]) == len(AbilityLevel) * len(Living)
    assert defaults_of["may_change"] and defaults_of["counts"]["ambulance"] == ["spoken"]
    assert operator.get("/api/escalation/defaults").json()["may_change"] is False
