"""Caregivers out of a file: skills with their last day, renewals of who is on record, and the way back."""

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db import transaction
from app.errors import Conflict
from app.imports.rules import BadCell, ImportState
from app.people.caregiver_imports import CAREGIVERS, hours, weekdays
from app.people.rules import Skill
from app.people.tables import Caregiver, Certificate, Shift
from app.places.rules import Mode
from tests.app.filed import applied, checked, codes, csv_of, undone
from tests.cast import COMMUNITY, a_caregiver, a_division, a_provider, a_visit, an_attendance

at_a_place = pytest.mark.usefixtures("place")
PROVIDER = "河口康乐居家养老服务中心"


def line(n: int = 1, **said: Any) -> dict[str, Any]:
    return {
        "服务商": PROVIDER, "姓名": "刘洁", "性别": "女", "电话": f"1370000222{n}",
        "出发社区代码": COMMUNITY, "出行方式": "电动车", "不需证书的技能": "助洁、助餐",
        "工作日": "周一至周五", "班次": "08:00-11:30、13:30-17:30",
        "证书1技能": "助浴", "证书1编号": "HL1", "证书1到期": "2089-12-31", "证书2技能": None, "证书2编号": None,
        "证书2到期": None,
    } | said  # fmt: skip


@pytest.fixture
def place(database: object) -> None:
    """A provider and a community."""
    with transaction() as session:
        a_provider(session, name=PROVIDER)
        a_division(session)


def proofs() -> dict[Skill, tuple[str | None, date | None]]:
    with transaction() as session:
        return {one.skill: (one.number, one.expires) for one in session.scalars(select(Certificate))}


def test_hours_and_weekdays_are_read_as_people_write_them() -> None:
    assert hours("8:00-11:30、13:30—17:30") == [("08:00:00", "11:30:00"), ("13:30:00", "17:30:00")]
    assert (weekdays("周一至周六"), weekdays("一、三、五"), weekdays("星期天")) == ([0, 1, 2, 3, 4, 5], [0, 2, 4], [6])
    for said in ("8 点", "12:00-11:00", "08:00-12:00、11:00-13:00", "25:00-26:00"):
        with pytest.raises(BadCell):
            hours(said)
    for said in ("周六至周一", "每天", ""):
        with pytest.raises(BadCell):
            weekdays(said)


@at_a_place
def test_a_caregiver_comes_with_skills_proofs_and_hours() -> None:
    row = applied(CAREGIVERS, csv_of([line()]))
    assert (row.state, row.counts) == (ImportState.APPLIED, {"new": 1}), (row.trouble, row.problems)
    assert proofs() == {
        Skill.CLEANING: (None, None), Skill.MEALS: (None, None), Skill.BATHING: ("HL1", date(2089, 12, 31)),
    }  # fmt: skip
    with transaction() as session:
        one = session.scalars(select(Caregiver)).one()
        assert (one.name, one.phone, one.mode) == ("刘洁", "13700002221", Mode.EBIKE)
        shifts = session.scalars(select(Shift)).all()
        assert len(shifts) == 10 and {shift.starts for shift in shifts} == {time(8), time(13, 30)}
    assert checked(CAREGIVERS, csv_of([line()])).counts == {"same": 1}


@at_a_place
@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"服务商": "康乐"}, ("服务商", "unknown_provider")),
        ({"证书1到期": "2020-01-01"}, ("证书1到期", "expired")),
        ({"证书1到期": None}, ("证书1到期", "missing")),
        ({"证书1技能": None}, ("证书1技能", "missing")),
        ({"证书2技能": "助浴", "证书2到期": "2089-01-01"}, ("证书2技能", "twice")),
        ({"证书1技能": "开车"}, ("证书1技能", "unknown_word")),
        ({"班次": "上午"}, ("班次", "no_shifts")),
        ({"班次": None}, ("班次", "missing")),
        ({"出发社区代码": "370503999999"}, ("出发社区代码", "unknown_division")),
        ({"电话": "137"}, ("电话", "bad_phone")),
    ],
)
def test_a_bad_cell_is_named(said: dict[str, Any], wrong: tuple[str, str]) -> None:
    assert codes(checked(CAREGIVERS, csv_of([line(**said)]))) == [wrong]


@at_a_place
def test_one_telephone_is_one_person() -> None:
    applied(CAREGIVERS, csv_of([line()]))
    assert codes(checked(CAREGIVERS, csv_of([line(2), line(2)]))) == [("电话", "twice")]
    assert codes(checked(CAREGIVERS, csv_of([line(姓名="王芳")]))) == [("电话", "phone_taken")]


@at_a_place
def test_a_renewed_proof_changes_who_is_on_record_and_comes_back_when_undone() -> None:
    applied(CAREGIVERS, csv_of([line()]))
    before = proofs()
    renewed = line(
        出行方式="汽车",
        证书1编号=None,
        证书1到期="2090-12-31",
        证书2技能="护理",
        证书2到期="2089-06-30",
        不需证书的技能="助浴",
    )
    row = applied(CAREGIVERS, csv_of([renewed]))
    assert row.counts == {"changed": 1}
    assert proofs() == before | {
        Skill.BATHING: ("HL1", date(2090, 12, 31)), Skill.NURSING: (None, date(2089, 6, 30)),
    }, "a skill named without its proof takes none away, and a number left empty stays"  # fmt: skip
    assert undone(CAREGIVERS, row.id) is ImportState.UNDONE
    assert proofs() == before
    with transaction() as session:
        assert session.scalars(select(Caregiver.mode)).one() is Mode.EBIKE


@at_a_place
def test_a_file_is_not_undone_where_somebody_works_or_was_changed_since() -> None:
    row = applied(CAREGIVERS, csv_of([line(), line(2)]))
    with transaction() as session:
        second = session.scalars(select(Caregiver).order_by(Caregiver.id)).all()[1]
        an_attendance(session, a_visit(session), second)
    with pytest.raises(Conflict, match="rows 3"):
        undone(CAREGIVERS, row.id)
    renewal = applied(CAREGIVERS, csv_of([line(证书1到期="2090-12-31")]))
    with transaction() as session:
        session.scalars(select(Certificate).where(Certificate.expires == date(2090, 12, 31))).one().number = "HL9"
    with pytest.raises(Conflict, match="rows 2"):
        undone(CAREGIVERS, renewal.id)


@at_a_place
def test_an_undone_file_takes_skills_and_hours_along() -> None:
    with transaction() as session:
        other = a_caregiver(session).id
    row = applied(CAREGIVERS, csv_of([line(), line(2)]))
    assert undone(CAREGIVERS, row.id) is ImportState.UNDONE
    with transaction() as session:
        assert session.scalars(select(Caregiver.id)).all() == [other]
        assert session.scalars(select(Certificate.caregiver_id).distinct()).all() == [other]
        assert session.scalar(select(func.count(Shift.id)).where(Shift.caregiver_id != other)) == 0
