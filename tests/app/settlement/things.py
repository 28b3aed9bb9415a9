"""What an address of settlement can name."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.jobs import actions as jobs
from app.people.tables import Contract
from app.planning.tables import Attendance
from app.settlement import actions as settlement
from app.settlement import running
from app.settlement.rules import DisputeState, StatementState
from app.settlement.tables import Dispute, Statement
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal
from tests.cast import TEN


def settled_things(session: Session, attendance: Attendance) -> dict[str, int]:
    """A contract with terms, an empty statement, a dispute of it and an appeal."""
    mine = {"district_id": attendance.district_id, "provider_id": attendance.provider_id}
    visit_id, division_code = attendance.visit_id, attendance.division_code
    contract = Contract(
        **mine, number="HK-1", areas=[division_code], aids=["bathing"],
        starts=TEN.date(), ends=TEN.date() + timedelta(days=365),
    )  # fmt: skip
    statement = Statement(
        **mine, month=date(2000 + visit_id % 900, 1, 1),
        state=StatementState.DRAFT,
        seed="seed",
    )  # fmt: skip
    session.add_all([contract, statement])
    session.flush()
    terms = settlement.propose(session, contract.id, {"starts": TEN.date()}, by="test", now=TEN)
    dispute = Dispute(
        **mine, statement_id=statement.id, visit_id=visit_id,
        state=DisputeState.OPEN, words="两个小时", by="test", at=TEN,
    )  # fmt: skip
    appeal = Appeal(
        **mine, division_code=division_code, visit_id=visit_id,
        attendance_id=attendance.id, caregiver_id=attendance.caregiver_id, state=AppealState.OPEN,
        words="我来过", raised_at=TEN,
    )  # fmt: skip
    session.add_all([dispute, appeal])
    settling = jobs.ask(session, running.KIND, 202610, district_id=attendance.district_id, by="test", now=TEN)
    session.flush()
    return {
        "contract_id": contract.id, "statement_id": statement.id, "terms_id": terms.id, "dispute_id": dispute.id,
        "appeal_id": appeal.id, "settling_id": settling.id,
    }  # fmt: skip


def settled_bodies(ids: dict[str, int], why: dict[str, str]) -> dict[str, Any]:
    """What is sent to the doors of appeals and settlement."""
    return {
        "/api/visits/{visit_id}/verify-part": why,
        "/api/appeals/{appeal_id}/uphold": {"answer": "家属证实"},
        "/api/appeals/{appeal_id}/dismiss": {"answer": "无人看见"},
        "/api/phone/exceptions/{attendance_id}/appeal": {"words": "老人提前让我走"},
        "/api/visit-terms": {
            "starts": f"{TEN:%Y-%m-%d}",
            "terms": {
                "overlap_minutes": 0,
                "town_kmh": 45,
                "rural_kmh": 60,
                "travel_least_m": 500,
                "appeal_days": 7,
                "partial": {"default": "minutes"},
            },
        },
        "/api/settlement/runs": {"month": "2026-10-01"},
        "/api/settlement/statements/{statement_id}/events": {"event": "issue"},
        "/api/settlement/statements/{statement_id}/draw": {"score": 90},
        "/api/settlement/statements/{statement_id}/disputes": {"visit_id": ids["visit_id"], "words": "两个小时"},
        "/api/settlement/statements/{statement_id}/samples/{visit_id}": {"state": "confirmed", "note": "来过"},
        "/api/settlement/disputes/{dispute_id}": {"event": "refuse", "words": "记录完整"},
        "/api/settlement/contracts/{contract_id}/terms": {
            "starts": f"{TEN:%Y-%m-%d}",
            "prices": [{"item": "BATHING", "unit": "visit", "cents": 9000}],
            "deductions": [{"rule": "short_visits", "percent": 15}],
        },
        "/api/settlement/terms/{terms_id}/events": {"event": "check"},
    }
