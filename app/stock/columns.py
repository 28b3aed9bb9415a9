"""What a file of devices may hold: the columns, how each cell is read, and the template to fill in."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from app import sheets
from app.calendar import day_of
from app.imports.rules import BadCell, Column, ProblemCode, text, whole_number
from app.imports.rules import day as a_day
from app.sheets import Listed

NAME: Final = r"[^+#/\s]{1,64}"


def today() -> date:
    """Here."""
    return day_of(datetime.now(UTC))


def _id_number(cell: Any) -> str:
    return text(18, r"\d{17}[\dX]|\d{15}", "15 or 18 digits")(str(cell).upper() if isinstance(cell, str) else cell)


COLUMNS: Final = (
    Column(
        "wire_id", ("设备编号", "device", "wire_id", "device id"), text(64, NAME, "letters, digits, _ . : -"),
        "设备自报的编号：MQTT 主题中的设备号、LoRaWAN 的 DevEUI、手表的 IMEI、Zigbee 名称", "pendant-3f21",
        required=True,
    ),
    Column("model", ("型号", "model"), text(64), "从下拉列表中选择；也可填型号代码", required=True, width=30),
    Column("serial", ("序列号", "serial", "SN"), text(64), "机身铭牌上的序列号", "SN20261122001"),
    Column("maker_number", ("厂家编号", "maker number", "P/N"), text(64), "厂家的订货号或料号", "YL-P2"),
    Column("sim", ("SIM 卡号", "SIM", "ICCID"), text(22, r"[0-9A-Za-z+]{6,22}", "digits and letters"),
           "卡面 ICCID 或卡号；每张卡只能在一台设备上", "89860123456789012345", sensitive=True, width=24),
    Column("imsi", ("IMSI",), text(15, r"\d{14,15}", "15 digits"), "移动网络识别码", "460001234567890", sensitive=True),
    Column("purchased_on", ("购买日期", "purchased on", "date"), a_day(today), "如 2026-11-22", "2026-11-20"),
    Column("owner", ("产权单位", "owner"), text(80), "谁出的钱：民政局、服务商、家庭自购", "区民政局", width=16),
    Column("lot", ("批次", "lot"), text(40), "采购批次，便于整批打印标签和查找", "2026-第2批"),
    Column("home", ("住户编号", "home"), whole_number, "已挂在老人家中的设备：住户编号；留空则入库存", ""),
    Column("elder", ("老人身份证号", "ID number", "elder"), _id_number, "佩戴在身的设备：老人的身份证号；加密保存", "",
           sensitive=True, width=22),
    Column("spot", ("安装位置", "spot"), text(40), "床头、卫生间、颈挂……", "", width=14),
)  # fmt: skip
PLATE: Final = ("serial", "maker_number", "purchased_on", "owner", "lot", "imsi", "sim")


def column(name: str) -> Column:
    """By the name of its field."""
    return next(column for column in COLUMNS if column.name == name)


def model_words(models: Sequence[tuple[str, str, str]]) -> Callable[[str], str]:
    """Reads a model's code, or its maker and name as the drop-down says them; raises BadCell."""
    known = {
        word.lower(): code for code, maker, name in models for word in (code, f"{maker} {name}", label(code, name))
    }

    def take(said: str) -> str:
        try:
            return known[said.lower()]
        except KeyError:
            raise BadCell(ProblemCode.UNKNOWN_CHOICE, what="model") from None

    return take


def label(code: str, name: str) -> str:
    """A model as the drop-down shows it."""
    return f"{name} [{code}]"


def template(models: Sequence[tuple[str, str, str]]) -> bytes:
    """The file to fill in."""
    listed = [
        Listed(
            column.headings[0], column.width, column.required,
            [label(code, name) for code, _, name in models] if column.name == "model" else (),
        )
        for column in COLUMNS
    ]  # fmt: skip
    code, name = next(((code, name) for code, _, name in models if code == "yl-pendant"), ("", ""))
    example = [code and label(code, name) if column.name == "model" else column.example for column in COLUMNS]
    about = [["列", "必填", "填什么", "例子"]]
    about += [[c.headings[0], "是" if c.required else "", c.about, c.example] for c in COLUMNS]
    about += [["", "", "第 2 行是示例，请改成自己的数据或删掉。", ""]]
    about += [["", "", "同一文件可以重复导入：已有且相同的设备不会重复登记。", ""]]
    return sheets.template("设备", listed, example, about)
