"""A supervisor fills in the template, sees each bad cell, takes the good rows in, and takes them back."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from app.people.rules import id_check_digit
from tests.journeys.browser import DESK, Person, somebody
from tests.journeys.house import House
from tests.journeys.streams import query

pytestmark = pytest.mark.journey
GIVEN = ("桂英", "秀兰", "玉珍", "建国", "德福", "淑芬")
LEVELS = ("能力完好", "轻度失能", "中度失能", "重度失能", "完全失能")


def id_number(n: int) -> str:
    first17 = f"370503{date(1938, 5, 1) + timedelta(days=n * 97):%Y%m%d}{800 + n:03d}"
    return first17 + id_check_digit(first17)


def wide(said: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in said)


def rows(community: str) -> list[dict[str, Any]]:
    """Thirty elders; of six something is wrong. What only looks odd is read all the same."""
    made: list[dict[str, Any]] = [
        {
            "姓名": f"{'张王李赵孙'[n % 5]}{GIVEN[n % 6]}", "身份证号": id_number(n), "社区代码": community,
            "小区": "河运小区", "详细地址": f"{n % 9 + 1}号楼{n % 3 + 1}单元{n % 6 + 1}01", "能力等级": LEVELS[n % 5],
            "名册": "政府购买服务", "人员类别": "低保、独居" if n % 4 == 0 else None, "电话": f"1386661{n:04d}",
        }
        for n in range(30)
    ]  # fmt: skip
    made[2]["身份证号"] = wide(made[2]["身份证号"])  # 全角
    made[3]["出生日期"] = date(1938, 5, 1) + timedelta(days=3 * 97)  # Excel's own
    made[4]["出生日期"] = (date(1938, 5, 1) + timedelta(days=4 * 97) - date(1899, 12, 30)).days  # and its bare number
    made[7]["身份证号"] = made[7]["身份证号"][:-1] + ("0" if made[7]["身份证号"][-1] != "0" else "1")
    made[12]["身份证号"] = made[11]["身份证号"]
    made[15]["社区代码"] = "370503999999"
    made[18]["出生日期"] = "1944-02-30"
    made[21]["能力等级"] = "比较差"
    made[26]["电话"] = "138666"
    return made


BAD = {
    9: "身份证号无效", 14: "与第 13 行重复", 17: "没有这个区划代码", 20: "不是日期", 23: "只能是", 28: "不是电话号码",
}  # fmt: skip


def filled_in(template: Path, lines: list[dict[str, Any]]) -> bytes:
    """The template as somebody fills it in, its example overwritten."""
    book = load_workbook(template)
    sheet = book.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    for cell in sheet[2]:
        cell.value = None
    for number, line in enumerate(lines, 2):
        for name, value in line.items():
            sheet.cell(number, head.index(name) + 1, value)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def sent(page: Page, name: str, content: bytes) -> None:
    """Choose the file, wait until it was read through."""
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "", "buffer": content})
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=20_000)
    expect(page.locator(".counts")).to_be_visible(timeout=40_000)


def counts(page: Page) -> dict[str, int]:
    """The figures above the list."""
    return {
        box.locator("dt").inner_text(): int(box.locator("dd").inner_text()) for box in page.locator(".counts div").all()
    }


def on_record(house: House) -> int:
    return int(query(house, "select count(*) from elders where ended_at is null")[0][0])


def supervisor(house: House, chromium: Browser) -> Person:
    person = somebody(chromium, house, DESK)
    person.log_in("liguodong", "desk")
    return person


def test_a_file_of_elders_is_read_mended_taken_in_and_taken_back(
    house: House, chromium: Browser, tmp_path: Path
) -> None:
    person = supervisor(house, chromium)
    page = person.go("/desk/imports/elders")
    community = str(query(house, "select division_code, count(*) from elders group by 1 order by 2 desc limit 1")[0][0])
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载模板").click()
    downloading.value.save_as(tmp_path / "template.xlsx")
    content = filled_in(tmp_path / "template.xlsx", rows(community))
    before = on_record(house)

    sent(page, "河运社区名册.xlsx", content)
    assert counts(page) == {"新增": 24, "更新": 0, "已有且相同": 0, "有错误": 6}
    found = {int(line.locator("td").nth(0).inner_text()): line.locator("td").nth(3).inner_text()
             for line in page.locator("tbody tr").all()}  # fmt: skip
    assert set(found) == set(BAD) and all(words in found[row] for row, words in BAD.items()), found
    person.picture("desk-imports-bad")
    person.check()
    page.get_by_role("button", name="跳过错误行，导入其余 24 行").click()
    expect(page.get_by_role("button", name="撤销这次导入")).to_be_visible(timeout=40_000)
    assert on_record(house) == before + 24
    person.picture("desk-imports-applied")

    sent(page, "再来一次.xlsx", content)
    assert counts(page)["已有且相同"] == 24, "what is there already is not registered twice"
    page.get_by_role("button", name="放弃", exact=True).click()
    expect(page.get_by_role("button", name="放弃", exact=True)).to_be_hidden()

    page.get_by_role("button", name="河运社区名册.xlsx").first.click()
    page.get_by_role("button", name="撤销这次导入").click()
    expect(page.get_by_role("button", name="撤销这次导入")).to_be_hidden(timeout=20_000)
    assert on_record(house) == before
    person.check()
    person.context.close()


def test_results_of_another_scale_come_as_a_list_saved_by_excel_in_china(house: House, chromium: Browser) -> None:
    person = supervisor(house, chromium)
    page = person.go("/desk/imports/assessments")
    head = "身份证号,评估标准,评估日期,评估结果,评估机构,对应能力等级,依据"
    line = f"{id_number(99)},旧标准,2022/5/18,2级,康宁评估中心,中度失能,河民发〔2023〕8号"
    sent(page, "旧评估结果.csv", f"{head}\r\n{line}\r\n".encode("gbk"))
    expect(page.get_by_role("cell", name="没有这位老人")).to_be_visible()
    expect(page.get_by_text("没有可导入的新内容")).to_be_visible()
    person.picture("desk-imports-results")
    person.check()
    page.get_by_role("tab", name="护理员").click()
    expect(page.get_by_text("电话相同的人按新证书更新")).to_be_visible()
    person.picture("desk-imports-caregivers")
    person.check()
    person.context.close()
