"""Files of elders, lists and prices: judged by the cell, taken in whole or without bad rows, undone while unused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from app import sheets
from app.access.rules import Role
from app.catalogue.price_imports import PRICES
from app.catalogue.tables import Price
from app.db import transaction
from app.desk.import_kinds import KINDS
from app.errors import Conflict
from app.funding.list_imports import LISTS
from app.funding.tables import Enrolment
from app.imports import actions as imports
from app.imports import engine
from app.imports.rules import ImportState, Mode
from app.people import queries as people
from app.people.elder_imports import ELDERS
from app.people.rules import AbilityLevel
from app.people.tables import Contact, Elder, Home
from app.places.rules import Level
from tests.app.filed import applied, checked, codes, csv_of, number, undone
from tests.cast import COMMUNITY, DISTRICT, a_division, a_program, a_visit, an_elder, an_item
from tests.clients import Client, ok
from tests.conftest import MORNING

database = pytest.mark.usefixtures("database")


def elder(n: int, **given: Any) -> dict[str, Any]:
    return {
        "姓名": "林桂芬", "身份证号": number(n * 2), "社区代码": COMMUNITY, "小区": "河运小区",
        "详细地址": f"12号楼2单元{n}", "能力等级": "完全失能", "名册": "政府购买服务", "人员类别": "低保、独居",
        "电话": "13800001234", "联系人": "周慧", "联系人关系": "女儿", "联系人电话": "0546-3000000",
    } | given  # fmt: skip


@database
def test_an_elder_comes_with_home_and_contact_and_is_found_by_number_and_telephone() -> None:
    row = applied(ELDERS, csv_of([elder(1), elder(2, 详细地址="12号楼2单元1", 能力等级="moderate"), elder(3)]))
    assert (row.state, row.counts) == (ImportState.APPLIED, {"new": 3}), row.trouble
    with transaction() as session:
        one, two, _ = session.scalars(select(Elder).order_by(Elder.id)).all()
        assert (one.level, two.level) == (AbilityLevel.TOTAL, AbilityLevel.MODERATE)
        assert one.home_id == two.home_id and session.scalar(select(func.count(Home.id))) == 2
        assert (one.born, one.sex.value, one.categories) == (date(1944, 3, 8), "female", ["dibao", "living_alone"])
        assert one.id_number == number(2) and people.contacts_of(session, one.id)[0].phone == "0546-3000000"
        assert len(people.search(session, "13800001234")) == 3
    again = checked(ELDERS, csv_of([elder(1), elder(4)]))
    assert again.counts == {"same": 1, "new": 1}


@database
@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"身份证号": number(2)[:-1] + "Y"}, ("身份证号", "bad_id_number")),
        ({"身份证号": "370503194402300027"}, ("身份证号", "bad_id_number")),
        ({"身份证号": "'=1+1"}, ("身份证号", "bad_id_number")),
        ({"出生日期": "1944-03-09"}, ("出生日期", "other_birth")),
        ({"出生日期": "1944-02-30"}, ("出生日期", "no_date")),
        ({"性别": "男"}, ("性别", "other_birth")),
        ({"社区代码": "370503009009"}, ("社区代码", "unknown_division")),
        ({"社区代码": "370503"}, ("社区代码", "bad_characters")),
        ({"能力等级": "很差"}, ("能力等级", "unknown_word")),
        ({"电话": "1380000123"}, ("电话", "bad_phone")),
        ({"联系人电话": None}, ("联系人电话", "missing")),
        ({"姓名": None}, ("姓名", "missing")),
    ],
)
def test_a_bad_cell_is_named_and_what_is_sensitive_is_masked(given: dict[str, Any], wrong: tuple[str, str]) -> None:
    row = checked(ELDERS, csv_of([elder(1, **given)]))
    assert codes(row) == [wrong] and row.counts == {"bad": 1}
    assert all(problem["value"] not in (number(2), "13800001234") for problem in row.problems)


@database
def test_twice_in_the_file_or_under_another_name_is_bad_and_the_rest_may_go() -> None:
    with transaction() as session:
        known = str(an_elder(session, name="王秀英").id_number)
    content = csv_of([elder(5), elder(5), elder(6, 身份证号=known), elder(7)])
    row = checked(ELDERS, content)
    assert codes(row) == [("身份证号", "twice"), ("身份证号", "on_record")]
    assert known not in str(row.problems)
    with transaction() as session, pytest.raises(Conflict, match="bad"):
        imports.confirm(session, row.id, Mode.WHOLE, district_id=DISTRICT, by="王工", now=MORNING)
    assert applied(ELDERS, content, Mode.SKIP_BAD).counts == {"new": 2, "bad": 2}


@database
def test_an_import_is_undone_only_while_nothing_rests_on_it_and_says_on_which_rows_it_does() -> None:
    row = applied(ELDERS, csv_of([elder(1), elder(2), elder(3)]))
    with transaction() as session:
        second = session.scalars(select(Elder).order_by(Elder.id)).all()[1]
        a_visit(session, elder=second)
    with pytest.raises(Conflict, match="rows 3"):
        undone(ELDERS, row.id)
    with transaction() as session:
        assert session.scalar(select(func.count(Elder.id))) == 3
    other = applied(ELDERS, csv_of([elder(8), elder(9)]))
    assert undone(ELDERS, other.id) is ImportState.UNDONE
    with transaction() as session:
        assert session.scalar(select(func.count(Elder.id))) == 3
        assert session.scalar(select(func.count(Contact.id))) == 3


@database
def test_a_community_of_another_level_is_no_address() -> None:
    with transaction() as session:
        a_division(session, "370503001000", "街道").level = Level.STREET
    assert codes(checked(ELDERS, csv_of([elder(1, 社区代码="370503001000")]))) == [("社区代码", "unknown_division")]


@database
def test_a_list_is_for_elders_on_record_and_days_that_do_not_meet() -> None:
    with transaction() as session:
        code = a_program(session).code
        who = str(an_elder(session).id_number)
    line = {"身份证号": who, "补贴项目代码": code, "起始日期": "2026-12-01", "截止日期": None, "批准文号": "河民发12号"}
    row = applied(LISTS, csv_of([line]))
    assert row.counts == {"new": 1}
    assert checked(LISTS, csv_of([line])).counts == {"same": 1}
    bad = [
        line | {"起始日期": "2027-01-01"}, line | {"身份证号": number(444)}, line | {"补贴项目代码": "NONE"},
        line | {"截止日期": "2026-11-30"},
    ]  # fmt: skip
    assert [code for _, code in codes(checked(LISTS, csv_of(bad)))] == [
        "on_list", "unknown_elder", "unknown_code", "before_start",
    ]  # fmt: skip
    assert undone(LISTS, row.id) is ImportState.UNDONE
    with transaction() as session:
        assert session.scalar(select(func.count(Enrolment.id))) == 0


@database
def test_a_price_is_whole_cents_from_a_day_on() -> None:
    with transaction() as session:
        code = an_item(session).code
        before = session.scalar(select(func.count(Price.id)))
    line = {
        "项目代码": code,
        "区域代码": "370503001",
        "单价（元）": "88.05",
        "计价单位": "visit",
        "生效日期": "2027-01-01",
    }
    row = applied(PRICES, csv_of([line]))
    assert row.counts == {"new": 1}, row.problems
    with transaction() as session:
        assert session.scalars(select(Price.cents).order_by(Price.id.desc())).first() == 88_05
    bad = [line | {"单价（元）": "88.055"}, line | {"单价（元）": "90"}, line | {"区域代码": "370521"}]
    assert [code for _, code in codes(checked(PRICES, csv_of(bad)))] == ["no_amount", "other_price", "unknown_division"]
    assert undone(PRICES, row.id) is ImportState.UNDONE
    with transaction() as session:
        assert session.scalar(select(func.count(Price.id))) == before


@database
def test_a_file_through_the_doors(client: Callable[..., Client]) -> None:
    with transaction() as session:
        a_division(session)
    admin, at = client(Role.ADMIN), "/api/imports"
    for kind in KINDS.values():
        head = next(sheets.rows(admin.get(f"{at}/template", params={"kind": kind.name}).content))[1]
        assert [cell for cell in head if cell] == [column.headings[0] for column in kind.columns]
    made = ok(admin.post(at, params={"kind": "elders", "name": "老人.csv"}, content=csv_of([elder(1)])))
    engine.check(made["id"], ELDERS.plan, now=datetime.now(UTC))
    ok(admin.post(f"{at}/{made['id']}/confirm", json={"mode": "whole"}))
    engine.apply(made["id"], ELDERS.plan, ELDERS.write, by="王工", now=datetime.now(UTC))
    assert ok(admin.get(f"{at}/{made['id']}"))["counts"] == {"new": 1}
    assert ok(admin.post(f"{at}/{made['id']}/undo"))["possible"] == []
    assert ok(admin.get(at, params={"kind": "prices"})) == []
    assert client(Role.ADMIN, area=COMMUNITY[:9]).post(at, content=b"x").status_code == 403
