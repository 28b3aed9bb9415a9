"""How cells that speak of people are read: ID numbers, telephones, levels and categories in Chinese or as codes."""

import re
from typing import Any, Final

from app.errors import CareError
from app.imports.rules import BadCell, ProblemCode, text
from app.people.queries import phone_digits
from app.people.rules import AbilityLevel, Category, Register, Relation, Sex, Skill, read_id_number

LEVELS: Final = {
    "能力完好": AbilityLevel.INTACT, "轻度失能": AbilityLevel.MILD, "中度失能": AbilityLevel.MODERATE,
    "重度失能": AbilityLevel.SEVERE, "完全失能": AbilityLevel.TOTAL, **{level.value: level for level in AbilityLevel},
}  # fmt: skip
REGISTERS: Final = {
    "政府购买服务": Register.PURCHASED_SERVICE, "探访关爱": Register.WELFARE_VISITS,
    **{register.value: register for register in Register},
}  # fmt: skip
CATEGORIES: Final = {
    "特困": Category.TEKUN, "低保": Category.DIBAO, "低保边缘": Category.DIBAO_MARGINAL,
    "失独": Category.FAMILY_PLANNING_SPECIAL, "优抚": Category.VETERAN_BENEFIT, "独居": Category.LIVING_ALONE,
    "空巢": Category.EMPTY_NEST, "留守": Category.LEFT_BEHIND, "失智": Category.DEMENTIA,
    **{category.value: category for category in Category},
}  # fmt: skip
RELATIONS: Final = {
    "老伴": Relation.SPOUSE, "儿子": Relation.SON, "女儿": Relation.DAUGHTER, "孙辈": Relation.GRANDCHILD,
    "兄弟姐妹": Relation.SIBLING, "邻居": Relation.NEIGHBOUR, "持钥匙人": Relation.KEY_HOLDER,
    "社区工作人员": Relation.COMMUNITY_WORKER, "其他": Relation.OTHER,
    **{relation.value: relation for relation in Relation},
}  # fmt: skip
SEXES: Final = {"女": Sex.FEMALE, "男": Sex.MALE, **{sex.value: sex for sex in Sex}}
SKILLS: Final = {
    "助洁": Skill.CLEANING, "助餐": Skill.MEALS, "代办": Skill.ERRANDS, "助浴": Skill.BATHING, "康复": Skill.REHAB,
    "护理": Skill.NURSING, "陪诊": Skill.ESCORT, "急救": Skill.FIRST_AID, **{skill.value: skill for skill in Skill},
}  # fmt: skip
_long = text(24)


def _solid(cell: Any) -> str:
    """Without the spaces between groups of digits, and the apostrophe by which spreadsheets keep a number a text."""
    return re.sub(r"\s", "", _long(cell)).removeprefix("'")


def id_number(cell: Any) -> str:
    """A citizen's ID number whose check character fits (GB 11643)."""
    said = _solid(cell).upper()
    try:
        read_id_number(said)
    except CareError as error:
        raise BadCell(ProblemCode.BAD_ID_NUMBER, why=error.detail.rstrip(".").lower()) from None
    return said


def phone(cell: Any) -> str:
    """A telephone that can be dialled: a mobile, a landline, a service number."""
    said = _solid(cell)
    digits = phone_digits(said)
    if not re.fullmatch(r"1[3-9]\d{9}|0(10|2\d|[3-9]\d{2})\d{7,8}|[48]00\d{7}|\d{7,8}", digits):
        raise BadCell(ProblemCode.BAD_PHONE)
    return said
