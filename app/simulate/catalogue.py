"""The demo district's service items and prices, both estimates. To add an item, copy a block."""

from dataclasses import dataclass, field
from typing import Any, Final

from app.catalogue.rules import URGENT_CODE, AidCategory, Approval, Evidence, Head, PriceUnit
from app.people.rules import AbilityLevel, Skill

A, E, H, U, S = AidCategory, Evidence, Head, PriceUnit, Skill
DAY: Final = (("08:30", "17:00"),)


Task = tuple[str, str, str, Evidence]


def _task(code: str, zh: str, en: str, evidence: Evidence = Evidence.NONE) -> Task:
    return code, zh, en, evidence


@dataclass(frozen=True)
class SomeItem:
    """A service item to be, with its price and how often an elder books it in a month."""

    code: str
    aid: AidCategory
    name_zh: str
    name_en: str
    minutes: dict[str, int]
    unit: PriceUnit
    cents: int
    a_month: dict[AbilityLevel | None, float] = field(default_factory=dict)  # by level; None: the others
    needs: tuple[Skill, ...] = ()
    caregivers: dict[str, int] = field(default_factory=lambda: {"default": 1})
    windows: tuple[tuple[str, str], ...] = DAY
    tasks: tuple[Task, ...] = ()
    least_percent: int = 90
    head: Head = Head.LIVING
    approval: Approval = Approval.NONE

    def columns(self) -> dict[str, Any]:
        """As `catalogue.actions.add_item` takes them."""
        return {
            "code": self.code, "aid": self.aid, "name_zh": self.name_zh, "name_en": self.name_en,
            "minutes": self.minutes, "needs": self.needs, "caregivers": self.caregivers, "windows": self.windows,
            "tasks": self.tasks, "least_percent": self.least_percent, "head": self.head, "approval": self.approval,
        }  # fmt: skip


ITEMS: Final = (
    SomeItem(
        "CLEAN", A.CLEANING, "居室清洁", "Housekeeping", {"default": 75, "severe": 60}, U.HOUR, 4000,
        {None: 2.6}, (S.CLEANING,),
        tasks=(
            _task("kitchen", "厨房清洁", "Clean the kitchen"),
            _task("bathroom", "卫生间清洁防滑", "Clean the bathroom, floor dry"),
            _task("bedroom", "卧室整理", "Tidy the bedroom"),
            _task("laundry", "衣物洗晒", "Wash and hang laundry"),
        ),
    ),
    SomeItem(
        "BATH", A.BATHING, "上门助浴", "Bathing at home", {"default": 60, "severe": 75, "total": 75}, U.VISIT, 10000,
        {AbilityLevel.MODERATE: 0.5, AbilityLevel.SEVERE: 1.1, AbilityLevel.TOTAL: 1.2, None: 0.25},
        (S.BATHING,), {"default": 1, "severe": 2, "total": 2}, (("09:00", "11:00"), ("13:30", "16:30")),
        (
            _task("pressure_before", "测血压，合格再洗", "Blood pressure before, stop if out of range", E.READING),
            _task("water", "水温 38 ℃", "Water at 38 °C", E.READING),
            _task("wash", "擦洗与更衣", "Wash and dress"),
            _task("skin", "查看皮肤有无破损", "Look for skin damage"),
        ),
    ),
    SomeItem(
        "HAIR", A.CLEANING, "上门理发", "Haircut at home", {"default": 30}, U.VISIT, 2000,
        {None: 0.6}, (S.CLEANING,),
        tasks=(_task("cut", "理发修面", "Cut and shave"), _task("sweep", "清扫", "Sweep up")),
    ),
    SomeItem(
        "MEAL", A.MEAL, "做饭助餐", "Cooking at home", {"default": 60}, U.VISIT, 3000,
        {AbilityLevel.SEVERE: 1.2, AbilityLevel.TOTAL: 1.2, None: 0.5}, (S.MEALS,),
        windows=(("10:00", "11:00"), ("15:30", "16:30")),
        tasks=(_task("cook", "备餐烹饪", "Cook"), _task("feed", "协助进食", "Help with eating"),
               _task("dishes", "洗碗收拾", "Wash up")),
    ),
    SomeItem(
        "ESCORT", A.MEDICAL, "陪同就医", "Escort to hospital", {"default": 150}, U.VISIT, 6000,
        {None: 0.25}, (S.ESCORT,), windows=(("08:00", "09:00"), ("13:30", "14:30")),
        tasks=(_task("register", "挂号取号", "Register"), _task("consult", "陪诊记录医嘱", "Note what the doctor says"),
               _task("medicine", "取药并说明用法", "Fetch medicine, explain", E.RECEIPT)),
    ),
    SomeItem(
        "HEALTH", A.MEDICAL, "健康监测", "Health check", {"default": 25}, U.VISIT, 2500,
        {None: 1.0}, (S.NURSING,), windows=(("08:30", "11:00"),),
        tasks=(_task("pressure", "血压", "Blood pressure", E.READING), _task("sugar", "血糖", "Blood sugar", E.READING),
               _task("medicine_box", "核对药盒", "Check the pill box")),
        head=H.HEALTH,
    ),
    SomeItem(
        "REHAB", A.MEDICAL, "康复护理", "Rehabilitation", {"default": 60}, U.VISIT, 8000,
        {AbilityLevel.SEVERE: 0.8, AbilityLevel.TOTAL: 0.8, AbilityLevel.MODERATE: 0.3, None: 0.0}, (S.REHAB,),
        tasks=(_task("joints", "关节活动", "Move the joints"), _task("transfer", "床椅转移训练", "Practise transfers")),
        head=H.BASIC_CARE,
    ),
    SomeItem(
        "WALK", A.MOBILITY, "陪同散步", "Walk outside", {"default": 60, "severe": 40}, U.HOUR, 3600,
        {None: 0.6}, (S.CLEANING,), windows=(("09:00", "10:30"), ("14:30", "16:00")),
        tasks=(_task("walk", "户外散步", "Walk"), _task("chat", "陪伴聊天", "Talk")),
    ),
    SomeItem(
        "ERRAND", A.MOBILITY, "代购代办", "Errands", {"default": 30}, U.VISIT, 1500,
        {None: 0.5}, (S.ERRANDS,), head=H.AGENCY,
        tasks=(_task("shop", "代购物品", "Shop", E.RECEIPT), _task("handle", "代办事项", "See to it", E.PHOTO)),
    ),
    SomeItem(
        "BILL", A.MOBILITY, "代缴费用", "Bill payment", {"default": 20}, U.VISIT, 1000,
        {None: 0.2}, (S.ERRANDS,), head=H.AGENCY,
        tasks=(_task("bill", "代缴水电气和话费", "Pay the bills", E.RECEIPT),),
    ),
    SomeItem(
        "COMFORT", A.MEDICAL, "陪伴慰藉", "Company", {"default": 60}, U.HOUR, 3000,
        {None: 0.15}, (S.CLEANING,), head=H.COMFORT,
        tasks=(_task("talk", "聊天倾听", "Talk and listen"), _task("mood", "观察情绪", "Note the mood")),
    ),
    SomeItem(
        "RESPITE", A.MEDICAL, "喘息服务", "Respite care", {"default": 200}, U.HOUR, 3500,
        {AbilityLevel.SEVERE: 0.2, AbilityLevel.TOTAL: 0.2, None: 0.0}, (S.BATHING,), windows=(("08:00", "14:00"),),
        tasks=(_task("watch", "替家属照看", "Stand in for the family"), _task("care", "起居照料", "Everyday care"),
               _task("handover", "与家属交接", "Hand over to the family", E.PHOTO)),
        head=H.BASIC_CARE, approval=Approval.SHIFT_LEAD,
    ),
    SomeItem(
        "SURVEY", A.MOBILITY, "适老化环境评估", "Survey of the home", {"default": 60}, U.VISIT, 12000,
        {}, (S.REHAB,), head=H.HOME_ADAPTATION, approval=Approval.SUPERVISOR,
        tasks=(_task("rooms", "逐室查看隐患", "See every room", E.PHOTO), _task("advice", "提出改造建议", "Advise")),
    ),
    SomeItem(
        "REPAIR", A.URGENT, "水电急修与开锁", "Urgent repairs and locksmith", {"default": 45}, U.VISIT, 5000,
        {None: 0.08}, (S.ERRANDS,),
        tasks=(_task("fix", "排除故障", "Put it right"), _task("check", "检查隐患", "Look for other dangers")),
    ),
    SomeItem(
        URGENT_CODE, A.URGENT, "应急上门", "Emergency response", {"default": 30}, U.VISIT, 0, {}, (), windows=(),
        tasks=(_task("see", "见到老人", "See the elder"), _task("safe", "确认安全", "Make sure of safety")),
        least_percent=0, head=H.VISITING,
    ),
)  # fmt: skip
