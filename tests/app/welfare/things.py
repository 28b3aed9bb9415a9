"""An elder on the list, somebody who goes, and a finding: for the walks over all doors."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.people.tables import Caregiver, Elder
from app.welfare import actions, register
from app.welfare.actions import Reported
from app.welfare.rules import RiskTier, Visitor, WelfareOutcome, WelfareRules, WelfareWay
from app.welfare.tables import WelfareElder, WelfareFinding
from tests.cast import OTHER_COMMUNITY, TEN


def on_the_list(session: Session, elder: Elder, tier: RiskTier = RiskTier.KEY, **given: Any) -> WelfareElder:
    """Listed a month before, never seen."""
    values: dict[str, Any] = {"why": "disabled", "listed_on": (TEN - timedelta(days=31)).date(), "tries": 0} | given
    row = WelfareElder(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, tier=tier, **values
    )
    session.add(row)
    session.flush()
    return row


def welfare_things(session: Session, elder: Elder, caregiver: Caregiver) -> dict[str, int]:
    """She goes to the elder, who needs a bath chair."""
    on_the_list(session, elder)
    register.send(session, caregiver.id, Visitor.VOLUNTEER, elder.division_code, by="test", now=TEN)
    session.flush()
    one = Reported(
        uuid.uuid4(),
        elder.id,
        WelfareWay.HOME,
        WelfareOutcome.SEEN,
        1,
        TEN,
        data={"topics": {"equipment": "concern"}, "words": "滑"},
    )
    actions.receive(session, caregiver, [one], sent_at=None, by="test", now=TEN)
    finding = session.query(WelfareFinding).filter_by(elder_id=elder.id).one()
    return {"finding_id": finding.id}


def welfare_bodies(ids: dict[str, int]) -> dict[str, Any]:
    """What is said at the doors."""
    record = {
        "id": "4b1c6c1e-15f4-4f0e-8d0a-6f0f3a5d7b11", "elder_id": ids["elder_id"], "way": "home", "outcome": "seen",
        "seq": 1, "at": TEN.isoformat(), "offset_ms": 0, "place": {"lat": 37.8, "lon": 118.5, "accuracy_m": 10.0},
        "data": {"topics": {"health": "urgent"}, "wish": "助浴", "words": "咳嗽", "policy": True, "urged": False},
    }  # fmt: skip
    visit = {"opens": TEN.isoformat(), "closes": (TEN + timedelta(hours=1)).isoformat()}
    return {
        "/api/phone/welfare/round": {"elder_ids": [ids["elder_id"]]},
        "/api/phone/welfare/records": {"records": [record], "sent_at": TEN.isoformat()},
        "/api/welfare/elders/{elder_id}/tier": {"tier": "high", "reason": "刚出院", "changed": True},
        "/api/welfare/elders/{elder_id}/pair": {"caregiver_id": ids["caregiver_id"]},
        "/api/welfare/visitors/{caregiver_id}": {"kind": "volunteer", "area": OTHER_COMMUNITY},
        "/api/welfare/findings/{finding_id}/order": {"item": "BATHING", "visit": visit},
        "/api/welfare/findings/{finding_id}/refer": {"to": "社区卫生服务中心"},
        "/api/welfare/findings/{finding_id}/close": {"answer": "已办"},
        "/api/welfare/rules": {"starts": "2099-01-01", "rules": WelfareRules().as_json()},
    }  # fmt: skip
