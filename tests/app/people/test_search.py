"""Finding elders the way callers say who they are."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import Engine

from app.db import Scope, transaction
from app.people import queries, spelling
from app.people.actions import AlreadyOnRecord, NoNumber, add_contact, add_elder
from app.people.rules import AbilityLevel, BadIdNumber, Register, Relation, Sex
from app.people.tables import Elder
from tests.cast import COMMUNITY, DISTRICT, OTHER_COMMUNITY, a_home

NUMBER = "11010519491231002X"  # the sample of GB 11643-1999


def on_record(
    name: str,
    *,
    number: str | None = None,
    phone: str | None = None,
    community: str = COMMUNITY,
    estate: str = "河运小区",
) -> Elder:
    with transaction() as session:
        return add_elder(
            session, home=a_home(session, division_code=community, estate=estate), name=name,
            level=AbilityLevel.MODERATE, register=Register.PURCHASED_SERVICE, id_number=number,
            id_unverified=None if number else "no papers", born=date(1940, 5, 1), sex=Sex.FEMALE, phone=phone,
        )  # fmt: skip


def found(q: str) -> Sequence[str]:
    with transaction() as session:
        return [row.name for row in queries.search(session, q)]


@pytest.fixture
def town(database: Engine) -> None:
    """Three elders."""
    on_record("林桂芬", number=NUMBER, phone="138-0000-1234")
    on_record("单秀英", phone="0546 3001234", estate="康乐花园")
    on_record("吕玉珍", phone="13911112222", community=OTHER_COMMUNITY)


@pytest.mark.parametrize("q", ["lin", "linguifen", "LGF", "lg", "林", "桂芬", "13800001234", "138 0000 1234"])
def test_an_elder_is_found_by_any_beginning_of_her_name_and_by_her_number(town: None, q: str) -> None:
    assert found(q.replace(" ", "") if q[0] == "1" else q) == ["林桂芬"]


@pytest.mark.parametrize("q", ["shan", "shanxiuying", "sxy", "danxiu", "dxy", "康乐", "05463001234"])
def test_a_surname_is_found_by_every_reading(town: None, q: str) -> None:
    assert found(q) == ["单秀英"]


@pytest.mark.parametrize("q", ["lv", "lu", "lyuyu", "lü"])
def test_the_umlaut_may_be_typed_in_any_way(town: None, q: str) -> None:
    assert found(q) == ["吕玉珍"]


def test_four_digits_are_the_end_of_a_telephone_or_of_an_id_number(town: None) -> None:
    assert sorted(found("1234")) == ["单秀英", "林桂芬"]
    assert found("002x") == found(NUMBER) == ["林桂芬"]


def test_a_daughters_telephone_finds_her_mother(town: None) -> None:
    with transaction() as session:
        [row] = queries.search(session, "lgf")
        elder = queries.get(session, row.id)
        add_contact(session, elder, rank=1, name="周慧", relation=Relation.DAUGHTER, phone="+86 139-0000-9999")
    assert found("13900009999") == ["林桂芬"]


def test_several_words_narrow_it_down(town: None) -> None:
    assert found("河运 l") == ["林桂芬", "吕玉珍"]  # by spelling
    assert found("河运 l 林") == ["林桂芬"]
    assert found("康乐 l") == []


def test_wildcards_are_letters(town: None) -> None:
    assert found("%") == found("_") == []


def test_pages_follow_each_other_without_gap_or_repeat(database: Engine) -> None:
    for name in ("王芳", "王芳", "王方", "李娜", "赵敏"):
        on_record(name)
    seen: list[int] = []
    after = None
    with transaction() as session:
        while rows := queries.search(session, after=after, limit=2):
            seen += [row.id for row in rows]
            after = rows[-1].spelled, rows[-1].id
    assert len(seen) == len(set(seen)) == 5


def test_another_area_is_not_searched(town: None) -> None:
    with transaction(Scope(DISTRICT, OTHER_COMMUNITY[:9])) as session:
        assert [row.name for row in queries.search(session)] == ["吕玉珍"]


def test_the_id_number_says_birth_and_sex_and_is_on_record_once(database: Engine) -> None:
    elder = on_record("林桂芬", number=NUMBER.lower())
    assert (elder.born, elder.sex, elder.id_number) == (date(1949, 12, 31), Sex.FEMALE, NUMBER)
    with pytest.raises(AlreadyOnRecord):
        on_record("林桂芳", number=NUMBER)
    with pytest.raises(BadIdNumber, match="check character"):
        on_record("林桂芳", number="110105194912310021")


def test_without_a_valid_number_a_reason_is_needed(database: Engine) -> None:
    with transaction() as session:
        home = a_home(session)
        with pytest.raises(NoNumber):
            add_elder(
                session, home=home, name="林", level=AbilityLevel.MILD, register=Register.PURCHASED_SERVICE,
                born=date(1930, 1, 1), sex=Sex.MALE,
            )  # fmt: skip


def test_the_usual_spelling_comes_first() -> None:
    assert spelling.searchable("林桂芬")[0] == "linguifen"
    assert spelling.searchable("") == []
    assert len(spelling.searchable("仇查解单")) < 1000
