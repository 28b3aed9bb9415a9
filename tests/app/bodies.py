"""For each door a body that would do something to what its address names."""

from datetime import timedelta
from typing import Any

from app.visits.proof_rules import EvidenceRules
from app.visits.reading_rules import ReadingRules
from tests.app.meal_rounds.things import round_bodies
from tests.app.meals.things import meal_bodies
from tests.app.rental.shop import rental_bodies
from tests.app.settlement.things import settled_bodies
from tests.app.supervision.things import clue_bodies
from tests.app.welfare.things import welfare_bodies
from tests.cast import TEN

HEART = {"low": 45, "high": 120, "minutes": 5, "hysteresis": 5}
DAY = f"{TEN:%Y-%m-%d}"
TREE: dict[str, Any] = {"rungs": [{"kind": "responder", "attempts": 2, "wait": 90, "reached": "accepted"}]}
MODEL = {
    "maker": "银铃", "name": "床头按钮二代", "kind": "help_button", "transport": "mqtt", "family": "care_v1",
    "decoder": None,
    "says": ["sos"], "heartbeat_seconds": 3600, "silence_seconds": 7260, "power": "mains", "battery_days": None,
    "worn": False, "voice": True, "commands": [],
}  # fmt: skip


def body(path: str, ids: dict[str, int]) -> Any:
    """What a caller who knows the contract would send there; None where the door takes nothing."""
    wish = {"opens": TEN.isoformat(), "closes": (TEN + timedelta(hours=1)).isoformat()}
    order = {"elder_id": ids["elder_id"], "item": "BATHING", "visits": [wish]}
    move = {"caregiver_ids": [ids["caregiver_id"]], "starts_at": TEN.isoformat()}
    correction = {
        "attendance_id": ids["attendance_id"], "field": "started_at", "value": TEN.isoformat(), "cause": "forgot",
        "resolution": "elder_confirmed", "memo": "said so",
    }  # fmt: skip
    event = {
        "id": "3f2a1c54-9a9e-4a57-9d1b-0d5b6a7c8e9f", "kind": "arrive", "attendance_id": ids["attendance_id"],
        "seq": 1, "at": TEN.isoformat(), "offset_ms": 0, "place": {"lat": 37.8, "lon": 118.5, "accuracy_m": 10.0},
        "data": {"task": "pressure", "outcome": "done"},
    }  # fmt: skip
    why = {"reason": "a test of the fence"}
    offer = {
        "aid": "bathing", "head": "living", "name_zh": "上门助浴", "name_en": "Bath", "minutes": {"default": 60},
        "caregivers": {"default": 1, "severe": 2}, "windows": [["09:30", "11:00"]],
        "tasks": [{"code": "pressure", "zh": "测血压", "en": "Blood pressure", "evidence": "reading"}],
    }  # fmt: skip
    plan = {
        "starts": DAY, "most_self_pay_cents": 4_000, "lines": [
            {"item": "BATHING", "rule": "FREQ=WEEKLY;BYDAY=MO", "starts": DAY, "opens": "10:00", "closes": "11:00",
             "skipped": [DAY], "moved": {DAY: "2026-11-24"}},
        ],
    }  # fmt: skip
    here = {"lat": 37.8, "lon": 118.5, "accuracy_m": 10.0}
    phone = {
        "endpoint": "https://fcm.googleapis.com/fcm/send/x", "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
        "device": "Huawei",
    }  # fmt: skip
    return {
        "/api/phone/swaps": {"attendance_id": ids["attendance_id"], "to_id": ids["caregiver_id"], "words": "x"},
        "/api/phone/swaps/{swap_id}/answer": {"agree": True},
        "/api/phone/sick": {"days": 1},
        "/api/calls/{call_id}/check-in": {"attendance_id": ids["attendance_id"], "point": "start"},
        "/api/workers/swaps/{swap_id}/confirm": {"accept": []},
        "/api/workers/rates": {"starts": "2027-01-01", "cents_per_hour": 2_800},
        "/api/workers/limits": {
            "starts": "2027-01-01", "day_minutes": 480, "week_minutes": 2640, "overtime_day_minutes": 180,
            "overtime_month_minutes": 2160, "source": "the law",
        },
        "/api/phone/responding/{attendance_id}/found": {"found": "well", "words": "已坐起"},
        "/api/phone/responding/offers/{offer_id}/answer": {"answer": "decline"},
        "/api/phone/responding/offers/{offer_id}/found": {"found": "helped", "words": "在路边"},
        "/api/phone/sos": {"at": TEN.isoformat(), "place": here},
        "/api/phone/sos/place": here,
        "/api/phone/sos/word": {"word": "safe"},
        "/api/phone/timer": {"minutes": 30, "attendance_id": ids["attendance_id"]},
        "/api/phone/timer/well": {"minutes": 30},
        "/api/phone/timer/every-visit": {"on": True},
        "/api/phone/push": phone,
        "/api/phone/push/leave": {"endpoint": phone["endpoint"]},
        "/api/allowances/rules": {
            "kind": "old_age_allowance", "area": "370503", "starts": "2026-12-01", "note": "a rule",
            "terms": {"bands": [{"from_age": 80, "cents": 10_000}]},
        },
        "/api/allowances/rules/{rule_id}/drop": why,
        "/api/allowances/schedule": {"kind": "old_age_allowance", "starts": "2030-01-01", "day": 5, "note": "区局通知"},
        "/api/allowances/batches": {"kind": "old_age_allowance", "month": "2026-11-01"},
        "/api/allowances/batches/{batch_id}/send-back": why,
        "/api/allowances/batches/{batch_id}/drop": why,
        "/api/allowances/batches/{batch_id}/bank-list": why | {"form": "csv"},
        "/api/allowances/lines/{line_id}/return": {"reason": "wrong_account"},
        "/api/allowances/lines/{line_id}/give-up": why,
        "/api/allowances/batches/{batch_id}/returns": "账号,金额",
        "/api/allowances/batches/{batch_id}/returns/check": "账号,金额",
        "/api/allowances/lines/{line_id}/take-back": why,
        "/api/allowances/lines/{line_id}/collect": {"collected_by": "本人"},
        "/api/allowances/recoveries/{recovery_id}/settle": {"outcome": "waived", "note": "forgiven"},
        "/api/allowances/elders/{elder_id}/claims": {"kind": "old_age_allowance", "applied_on": "2026-11-01"},
        "/api/allowances/elders/{elder_id}/withdraw": why | {"kind": "old_age_allowance"},
        "/api/allowances/elders/{elder_id}/account": why | {
            "holder": "林桂芬", "bank": "农商银行", "account": "6222021234567890",
        },
        "/api/allowances/elders/{elder_id}/proofs": {"proven_on": "2026-11-01", "way": "counter"},
        "/api/incidents/{incident_id}/close": {"answer": "called her daughter"},
        "/api/proof-rules/evidence": {"starts": "2099-01-01", "rules": EvidenceRules().as_json()},
        "/api/proof-rules/readings": {"starts": "2099-01-01", "rules": ReadingRules().as_json()},
        "/api/upkeep/faults/{fault_id}": {"event": "claim"},
        "/api/upkeep/outages/{outage_id}": {"event": "claim"},
        "/api/alarms": {"elder_id": ids["elder_id"], "kind": "telephone", "note": "fell"},
        "/api/alarms/{alarm_id}/arrive": {"who": "neighbour"},
        "/api/alarms/{alarm_id}/call": {"target": "elder", "result": "answered", "note": "well"},
        "/api/alarms/{alarm_id}/close": {"verdict": "accidental", "note": "leaned on it"},
        "/api/alarms/{alarm_id}/dispatch": {"caregiver_id": ids["caregiver_id"]},
        "/api/alarms/{alarm_id}/send": {"caregiver_id": ids["caregiver_id"], "change_id": ids["change_id"]},
        "/api/alarms/{alarm_id}/send/preview": {"caregiver_id": ids["caregiver_id"]},
        "/api/alarms/{alarm_id}/card": {"reason": "ambulance_called"},
        "/api/alarms/{alarm_id}/card/sms": {"to": "responder"},
        "/api/elders/{elder_id}/health/{part}": {
            "value": ["青霉素"], "as_of": "2026-11-01", "source": "family", "version": 0,
        },
        "/api/alarms/{alarm_id}/elder": {"elder_id": ids["elder_id"]},
        "/api/alarms/{alarm_id}/hand-over": {"user_id": ids["user_id"]},
        "/api/alarms/{alarm_id}/note": {"text": "called the neighbour"},
        "/api/alarms/{alarm_id}/release": why,
        "/api/alarms/{alarm_id}/ring": why,
        "/api/alarms/{alarm_id}/accept": None,
        "/api/alarms/{alarm_id}/decline": why,
        "/api/alarms/{alarm_id}/defer": {"minutes": 5, "reason": "waits"},
        "/api/alarms/{alarm_id}/escalate": why,
        "/api/alarms/{alarm_id}/password": {"word": "月季"},
        "/api/elders/{elder_id}/voice-password": {"word": "月季"},
        "/api/patterns/{kind}": {"steps": None, "after": 0, "elder_id": ids["elder_id"]},
        "/api/alarms/{alarm_id}/steps/{step}": {"result": "answered"},
        "/api/alarms/{alarm_id}/steps/{step}/skip": why,
        "/api/alarms/{alarm_id}/skip-rung": why,
        "/api/alarms/{alarm_id}/suspend": {"minutes": 5, "reason": "daughter is on her way"},
        "/api/assessments": {"elder_id": ids["elder_id"], "kind": "first", "assessed_on": DAY},
        "/api/assessments/requests": {"elder_id": ids["elder_id"], "kind": "immediate", **why},
        "/api/assessments/results": {
            "elder_id": ids["elder_id"], "standard": "mzt_039_2013", "assessed_on": "2024-05-01", "level_given": "2",
            "assessed_by": "street office", "level": "moderate", "note": "by the table of the district",
        },
        "/api/assessments/terms": {"level": "mild", "months": 6, "starts": DAY},
        "/api/assessments/{assessment_id}": {
            "version": 1, "assessed_on": DAY, "kind": "first", "items": {"eating": 4}, "risk_events": {"fall": 1},
        },
        "/api/assessments/{assessment_id}/reopen": why,
        "/api/assessments/{assessment_id}/sign": {"version": 1},
        "/api/assessments/{assessment_id}/withdraw": why,
        "/api/alarms/{alarm_id}/confirm": {"voice": True},
        "/api/on-time-marks": {"minutes": 20, "starts": "2099-01-01", "note": "合同约定"},
        "/api/rosters": {"starts": "2026-11-30", "seconds": 1, "seed": 1},
        "/api/rosters/{roster_id}/publish": {"version": 1},
        "/api/roster-lines/{roster_line_id}/move": {"caregiver_id": ids["caregiver_id"], "at": "09:00"},
        "/api/roster-gaps/{roster_gap_id}/fill": {"caregiver_id": ids["caregiver_id"], "at": "09:00"},
        "/api/roster-gaps/{roster_gap_id}/fill/check": {"caregiver_id": ids["caregiver_id"], "at": "09:00"},
        "/api/roster-lines/{roster_line_id}/move/check": {"caregiver_id": ids["caregiver_id"], "at": "09:00"},
        "/api/board/{day}/draft": {"seconds": 1, "seed": 1},
        "/api/board/{day}/replan": {"events": [{"cause": "cancelled", "visit_id": ids["visit_id"]}], "seed": 1},
        "/api/replans/{change_id}/refuse": why,
        "/api/messages/templates": {"kind": "notice", "channel": "sms", "language": "zh-CN", "text": "{what}"},
        "/api/messages/templates/preview": {"kind": "notice", "channel": "sms", "language": "zh-CN", "text": "{what}"},
        "/api/calls": {"elder_id": ids["elder_id"]},
        "/api/calls/{call_id}/result": {"result": "answered"},
        "/api/calls/{call_id}/link": {"elder_id": ids["elder_id"]},
        "/api/calls/{call_id}/dismiss": why,
        "/api/calls/{call_id}/recording": why,
        "/api/devices/{device_id}/commands": {"command": "locate"},
        "/api/devices/{device_id}/lend": {"elder_id": ids["elder_id"], "due_on": "2027-01-31"},
        "/api/devices/{device_id}/move": why | {"event": "take_back", "wiped": True},
        "/api/devices/{device_id}/swap": why | {"wire_id": "pendant-0"},
        "/api/elders/{elder_id}/escalation": {"tree": TREE, "based_on": 1, "note": "after the fall"},
        "/api/elders/{elder_id}/escalation/default": {"n": 1},
        "/api/elders/{elder_id}/escalation/preview": {"tree": TREE, "kind": "fall"},
        "/api/elders/{elder_id}/escalation/review": {"n": 1},
        "/api/escalation/defaults": {
            "level": "mild", "living": "alone", "template": {"rungs": TREE["rungs"]}, "note": "by the office",
        },
        "/api/elders/{elder_id}/pause": {"reason": "hospital"},
        "/api/elders/{elder_id}/rules": {"kind": "heart_rate", "params": HEART, "note": "after the discharge"},
        "/api/rules": {"kind": "heart_rate", "params": HEART, "model_id": None},
        "/api/elders/{elder_id}/unmask": {"field": "phone", "reason": "to call back"},
        "/api/installations": wish | {"elder_id": ids["elder_id"], "items": [{"model_id": "yl-pendant"}]},
        "/api/installations/{installation_id}/assign": {"caregiver_id": ids["caregiver_id"]},
        "/api/installations/{installation_id}/cancel": why,
        "/api/installations/{installation_id}/fail": why,
        "/api/loans/{loan_id}/prolong": {"due_on": "2027-03-31"},
        "/api/catalogue/items": offer | {"code": "BATH_B"},
        "/api/catalogue/items/{service_item_id}": offer | {"version": 1},
        "/api/catalogue/items/{service_item_id}/prices": {"unit": "visit", "cents": 9_900, "starts": "2027-01-01"},
        "/api/catalogue/items/{service_item_id}/end": why,
        "/api/catalogue/cancellation-rules": {
            "starts": "2027-01-01", "free_hours": 24, "fee_unit": "percent", "fee": 30, "payer": "elder",
        },
        "/api/elders/{elder_id}/care-plan/preview": plan,
        "/api/elders/{elder_id}/care-plan/draft": plan | {"version": 0},
        "/api/elders/{elder_id}/care-plan/agree": {"version": 1, "who": "elder", "how": "paper"},
        "/api/elders/{elder_id}/care-plan/end": why,
        "/api/elders/{elder_id}/care-plan/pauses": {"first": "2027-05-01", "reason": "travel"},
        "/api/elders/{elder_id}/care-plan/pauses/{pause_id}/resume": {"last": DAY},
        "/api/care-plans/special-days/{day}": {"kind": "holiday", "name": "国庆节"},
        "/api/visits/{visit_id}/change/quote": wish | {"item": None},
        "/api/visits/{visit_id}/change": wish | {"version": 1, "allowance_cents": 0, "self_pay_cents": 10_000},
        "/api/orders/{order_id}/refuse": why,
        "/api/fees/{fee_id}/waive": why,
        "/api/reminders/{reminder_id}/book": {"picks": [0]},
        "/api/reminders/{reminder_id}/decline": why,
        "/api/orders": order | {"note": "rings twice", "agent": {"name": "周慧", "relation": "daughter"}},
        "/api/orders/quote": order,
        "/api/orders/{order_id}/cancel": why,
        "/api/orders/{order_id}/confirm": {"allowance_cents": 0, "self_pay_cents": 10_000},
        "/api/phone/events": {"events": [event], "sent_at": TEN.isoformat()},
        "/api/phone/photos": {
            "visit_id": ids["visit_id"], "sha256": "0" * 64, "kind": "work", "type": "image/jpeg", "size": 3,
            "taken_at": TEN.isoformat(), "consent": True,
        },
        "/api/phone/installation-items/{item_id}/device": {"wire_id": "pendant-0", "spot": "颈挂"},
        "/api/phone/installation-items/{item_id}/give-up": why,
        "/api/phone/installations/{installation_id}/fail": why,
        "/api/session": {"login": "zhaomin", "password": "wrong"},
        "/api/elders/{elder_id}/slots": {"item": "BATHING", "day": "2026-11-23", "minutes": None},
        "/api/records-set-aside/{record_id}/answer": {"words": "电话问过本人，误点"},
        "/api/plan-clashes/{clash_id}/settle": {"outcome": "stands", "words": "电话核实"},
        "/api/visits/{visit_id}/cancel": why,
        "/api/visits/{visit_id}/correct": correction,
        "/api/visits/{visit_id}/fail": {"reason": "no_one_home"},
        "/api/visits/{visit_id}/move": move | {"accept": []},
        "/api/visits/{visit_id}/move/check": move,
        "/api/visits/{visit_id}/reject": why,
        "/api/visits/{visit_id}/verify": why,
        **settled_bodies(ids, why),
        **clue_bodies(),
        **meal_bodies(ids, why),
        **round_bodies(ids),
        **rental_bodies(ids, why),
        **welfare_bodies(ids),
        "/api/visits/{visit_id}/withdraw": why,
        "/api/programs": {"code": "meals", "kind": "meal", "name_zh": "助餐补贴", "name_en": "Meals"},
        "/api/programs/{program_id}/versions": {
            "terms": {"amounts": {"mild": 100}}, "starts": "2026-12", "note": "文件 3 号",
        },
        "/api/programs/versions/{program_version_id}/drop": why,
        "/api/month-runs": {"month": "2026-12"},
        "/api/what-ifs": {"program_id": ids["program_id"], "terms": {"amounts": {"mild": 100}}},
        "/api/elders/{elder_id}/enrolments": {"program_id": ids["program_id"], "starts": "2026-12-01", "decision": "7"},
        "/api/elders/{elder_id}/enrolments/{enrolment_id}/strike": why | {"last_day": "2026-12-31"},
        "/api/elders/{elder_id}/life-events": {"kind": "hospital", "starts": "2026-11-20", "source": "family"},
        "/api/elders/{elder_id}/life-events/preview": {"kind": "hospital", "starts": DAY, "source": "family"},
        "/api/life-events/{life_event_id}/end": {"ends": "2026-12-01"},
        "/api/life-events/{life_event_id}/undo": why,
        "/api/elders/{elder_id}/family-links": {"contact_id": ids["contact_id"]},
        "/api/stock": {"wire_id": "pendant-9c01", "model_id": "yl-pendant", "sim": "89860123456789012345"},
        "/api/stock/models": {**MODEL, "id": "yl-next"},
        "/api/stock/models/{model_id}": MODEL,
        "/api/stock/imports/{import_id}/confirm": {"mode": "whole"},
        "/api/imports/{file_id}/confirm": {"mode": "whole"},
        "/api/stock/{device_id}/certificate": {"request": None},
        "/api/stock/{device_id}/withdraw": why,
        "/api/hooks/calls": {"event": "ringing", "call_id": "pbx-1", "phone": "13800000000"},
    }.get(path)  # fmt: skip
