"""Adding items and prices."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from app.catalogue.rules import AidCategory, Approval, Evidence, Given, Head, PriceUnit
from app.catalogue.tables import Price, ServiceItem
from app.people.rules import AbilityLevel, Skill

ONE: Mapping[str, int] = {"default": 1}


def add_item(
    session: Session,
    *,
    district_id: int,
    code: str,
    aid: AidCategory,
    name_zh: str,
    name_en: str,
    minutes: int | Mapping[AbilityLevel | str, int],
    needs: Sequence[Skill] = (),
    caregivers: Mapping[AbilityLevel | str, int] = ONE,
    least_percent: int = 90,
    same_sex: bool = False,
    tasks: Sequence[tuple[str, str, str, Evidence]] = (),
    windows: Sequence[tuple[str, str]] = (),
    head: Head = Head.LIVING,
    approval: Approval = Approval.NONE,
    given: Given = Given.HOME,
) -> ServiceItem:
    """A service item. `minutes` and `caregivers` by level carry a `default`; tasks are (code, zh, en, evidence)."""
    item = ServiceItem(
        district_id=district_id, code=code, aid=aid, name_zh=name_zh, name_en=name_en,
        minutes={"default": minutes} if isinstance(minutes, int) else dict(minutes), least_percent=least_percent,
        needs=list(needs), caregivers=dict(caregivers), same_sex=same_sex,
        tasks=[{"code": task, "zh": zh, "en": en, "evidence": proof} for task, zh, en, proof in tasks],
        windows=[list(window) for window in windows], head=head, approval=approval,
        given=given,
    )  # fmt: skip
    session.add(item)
    session.flush()
    return item


def set_price(
    session: Session, item: ServiceItem, *, unit: PriceUnit, cents: int, starts: date, area: str = ""
) -> Price:
    """What an item costs in an area from a day on, until a newer price or for ever."""
    price = Price(district_id=item.district_id, item_id=item.id, unit=unit, cents=cents, starts=starts, area=area)
    session.add(price)
    session.flush()
    return price
