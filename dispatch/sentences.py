"""Rules and remedies in words, zh-CN and en. People appear by id: whoever shows a sentence puts their names in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

RULES: dict[str, tuple[str, str]] = {
    "skills": ("缺少资质", "lack the qualification"),
    "sex": ("性别不符", "are not of the sex asked for"),
    "allowed": ("不在可派名单", "are not on the list for this elder"),
    "banned": ("被老人或机构排除", "are banned for this elder"),
    "pin": ("该工单已指定他人", "are not the one it is pinned to"),
    "shift": ("班次与预约时段不重合", "have no shift that meets the window"),
    "max_work": ("工时已满", "have no working time left"),
    "busy": ("该时段已有其他工单", "are busy in the window"),
    "partner": ("无人可同时到场搭档", "have nobody to come with at the same time"),
    "cost": ("绕路过远,不划算", "would have too long a way for what it is worth"),
}


def unserved(blocking: Mapping[str, str], remedy: tuple[str, str] | None, *, impossible: bool) -> dict[str, str]:
    """One sentence: what blocks how many, and the way out."""
    counts = Counter(blocking.values()).most_common()
    zh = ";".join(f"{n}人{RULES[rule][0]}" for rule, n in counts) or "没有护理员"
    en = "; ".join(f"{n} {RULES[rule][1]}" for rule, n in counts) or "there is no caregiver"
    head = ("无法安排", "Nobody can serve it") if impossible else ("未安排", "Not served")
    out = remedy or ("放宽任何一项都不够。", "No single relaxation is enough.")
    return {"zh-CN": f"{head[0]}:{zh}。{out[0]}", "en": f"{head[1]}: {en}. {out[1]}"}


def served(caregivers: tuple[str, ...], other: tuple[str, ...] | None, extra: int) -> dict[str, str]:
    names = "、".join(caregivers), " and ".join(caregivers)
    if other is None:
        return {"zh-CN": f"只有{names[0]}能在该时段完成。", "en": f"Only {names[1]} can do it in the window."}
    second = "、".join(other), " and ".join(other)
    return {
        "zh-CN": f"{names[0]}最合适:改派{second[0]}成本增加 {extra}。",
        "en": f"{names[1]} is the cheapest choice: {second[1]} would cost {extra} more.",
    }


def window(minutes: int, who: str) -> tuple[str, str]:
    return f"预约时段放宽 {minutes} 分钟即可由{who}完成。", f"A window wider by {minutes} minutes lets {who} do it."


def overtime(minutes: int, who: str) -> tuple[str, str]:
    return f"{who}加班最多 {minutes} 分钟即可完成。", f"Up to {minutes} minutes of overtime let {who} do it."


def waive(rule: str, who: str) -> tuple[str, str]:
    zh = {"skills": f"若{who}取得资质即可完成。", "sex": f"若老人同意由{who}上门即可完成。"}
    en = {"skills": f"{who} could do it with the qualification.", "sex": f"{who} could do it if the elder agrees."}
    return zh.get(rule, f"若允许{who}上门即可完成。"), en.get(rule, f"{who} could do it if that were allowed.")


def person(like: str, _who: str) -> tuple[str, str]:
    return f"需增加一名与{like}相同资质和班次的护理员。", f"It takes one more caregiver like {like}."
