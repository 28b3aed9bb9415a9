"""Rules and remedies in words, zh-CN and en. People appear by id: whoever shows a sentence puts their names in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

NEAR: Final = 5  # minutes of extra way that are no detour

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
    "cost": ("绕路过远，不划算", "would have too long a way for what it is worth"),
}


def unserved(blocking: Mapping[str, str], remedy: tuple[str, str] | None, *, impossible: bool) -> dict[str, str]:
    """One sentence: what blocks how many, and the way out."""
    counts = Counter(blocking.values()).most_common()
    zh = "；".join(f"{n}人{RULES[rule][0]}" for rule, n in counts) or "没有护理员"
    en = "; ".join(f"{n} {RULES[rule][1]}" for rule, n in counts) or "there is no caregiver"
    head = ("无法安排", "Nobody can serve it") if impossible else ("未安排", "Not served")
    out = remedy or ("放宽任何一项都不够。", "No single relaxation is enough.")
    return {"zh-CN": f"{head[0]}：{zh}。{out[0]}", "en": f"{head[1]}: {en}. {out[1]}"}


def served(facts: Mapping[str, Any], minutes: float) -> dict[str, str]:
    """One sentence: who they are to the elder, their way, and what the next best would cost. A tick has `minutes`."""
    crew = _names(facts["crew"])
    if facts["settled"]:
        begun = facts["settled"] == "frozen"
        zh, en = ("已开始或即将开始", "under way or about to begin") if begun else ("由人工指定", "settled by hand")
        return {"zh-CN": f"{crew[0]}：{zh}。", "en": f"{crew[1]}: {en}."}
    known = _names(facts["preferred"] or facts["known"])
    zh_parts, en_parts = [], []
    if known[0]:
        liked = bool(facts["preferred"])
        who = ("", "") if known == crew else known
        zh_parts.append(f"{who[0]}{'是老人指定的' if liked else '近期服务过这位老人'}")
        en_parts.append(f"{who[1]} {'preferred by' if liked else 'known to'} the elder".strip())
    if "way" in facts:
        way = round(facts["way"] * minutes)
        zh_parts.append(f"顺路，只多走 {way} 分钟" if way <= NEAR else f"多走 {way} 分钟")
        en_parts.append(f"{way} minutes of extra way")
    if facts.get("other"):
        other = _names(facts["other"])
        zh, en = _worse(facts, minutes)
        zh_parts.append(f"换成{other[0]}{zh}")
        en_parts.append(f"{other[1]} instead {en}")
    else:
        zh_parts.append("该时段没有别人能来")
        en_parts.append("nobody else can come in the window")
    return {"zh-CN": f"{crew[0]}：{'；'.join(zh_parts)}。", "en": f"{crew[1]}: {'; '.join(en_parts)}."}


def _worse(facts: Mapping[str, Any], minutes: float) -> tuple[str, str]:
    """What is wrong with the best other choice."""
    zh, en = [], []
    if farther := round(facts.get("farther", 0) * minutes):
        zh.append(f"{'多' if farther > 0 else '少'}走 {abs(farther)} 分钟")
        en.append(f"means {abs(farther)} minutes {'more' if farther > 0 else 'less'} of way")
    if facts["strangers"]:
        zh.append("是新面孔")
        en.append("would be a new face")
    if not zh and facts.get("added", 0) > 0:
        return "会影响别的服务或工时", "would cost other visits or hours"
    return ("、".join(zh), " and ".join(en)) if zh else ("也一样合适", "would do as well")


def _names(ids: Sequence[str]) -> tuple[str, str]:
    return "、".join(ids), " and ".join(ids)


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
