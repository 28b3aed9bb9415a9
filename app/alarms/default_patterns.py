"""The patterns the platform comes with; a district publishes its own beside them, an elder's care plan hers."""

from collections.abc import Mapping
from typing import Any, Final

from app.alarms.patterns import CALL_BACK, Answer, Condition, Do, Pattern, Question, Step, When
from app.alarms.rules import AlarmKind

K, W = AlarmKind, When
SILENCE: Final = 20  # seconds without an answer after which help goes out beside the calling
PATIENCE: Final = 60  # the same where nothing has fallen or burns
AGAIN: Final = 30  # minutes until she is called again


def _when(*what: When, after: int = 0, urgent: bool = False) -> list[Condition]:
    return [Condition(when=one, after_seconds=after if one is W.NO_ANSWER else 0, urgent=urgent) for one in what]


def _say(zh: str, en: str) -> dict[str, str]:
    return {"zh-CN": zh, "en": en}


def _question(key: str, zh: str, en: str, *answers: tuple[str, str, str, str]) -> Question:
    """Answers are (key, Chinese, English, where it leads); `!help` is a meaning, anything else a question."""
    return Question(key=key, words=_say(zh, en), answers=[
        Answer(key=said, words=_say(in_zh, in_en), means=leads[1:] if leads[0] == "!" else None,
               leads=None if leads[0] == "!" else leads)
        for said, in_zh, in_en, leads in answers
    ])  # fmt: skip


def _asked(key: str, zh: str, en: str, *, yes: str, no: str) -> Question:
    return _question(key, zh, en, ("yes", "是", "Yes", yes), ("no", "否", "No", no))


STATE = (
    _asked("hear", "您听得见我说话吗？", "Can you hear me?", yes="hurt", no="!ambulance"),
    _asked("hurt", "您受伤了吗？胸口闷不闷，头晕不晕？", "Are you hurt? Any chest pain or dizziness?", yes="breathe",
           no="stand"),
    _asked("breathe", "喘气顺畅，也没有大量出血，是吗？", "Can you breathe well, and is there no heavy bleeding?",
           yes="!help", no="!ambulance"),
    _asked("stand", "您自己能站起来吗？", "Can you stand up by yourself?", yes="!safe", no="!help"),
)  # fmt: skip
BURNING = (
    _asked("see", "看得到火或者烟吗？", "Do you see fire or smoke?", yes="!help", no="smell"),
    _asked("smell", "闻到煤气味或者焦味吗？", "Do you smell gas or burning?", yes="!help", no="cooking"),
    _asked(
        "cooking", "是在做饭吗？火已经关了吗？", "Were you cooking, and is the stove off now?", yes="!safe", no="!help"
    ),
)  # fmt: skip
WELL = (
    _asked("well", "您现在身体还好吗？", "Are you all right now?", yes="need", no="hurt"),
    _asked("hurt", "喘气顺畅，没有胸口疼，也没有大量出血，是吗？",
           "Can you breathe well, without chest pain or heavy bleeding?",
           yes="!help", no="!ambulance"),
    _asked("need", "需要有人过去帮您吗？", "Do you need somebody to come?", yes="!help", no="!safe"),
)  # fmt: skip
LEAKING = (
    _asked("valve", "水阀关得上吗？", "Can you shut the water off?", yes="wet", no="!help"),
    _asked("wet", "地上有水吗？您别走动，以免滑倒。", "Is the floor wet? Stay where you are, so as not to slip.",
           yes="!help", no="!safe"),
)  # fmt: skip
HERSELF = (
    _asked("free", "现在说话方便吗？对方在旁边就说“改天再聊”，我马上报警。",
           "Can you speak? If somebody is beside you, say «let us talk another day», and I call the police.",
           yes="threat", no="!help"),
    _asked("threat", "有人打您、拦您或威胁您吗？", "Is anybody hitting, holding or threatening you?", yes="!help",
           no="hurt"),
    _asked("hurt", "您受伤或者不舒服吗？", "Are you hurt or unwell?", yes="breathe", no="out"),
    _asked("breathe", "喘气顺畅，也没有大量出血，是吗？", "Can you breathe well, and is there no heavy bleeding?",
           yes="!help", no="!ambulance"),
    _asked("out", "您现在在安全的地方，可以自己离开吗？", "Are you in a safe place and free to leave?", yes="!safe",
           no="!help"),
)  # fmt: skip
OUTSIDE = (
    _asked("know", "您知道自己现在在哪里吗？", "Do you know where you are?", yes="way", no="!help"),
    _asked("way", "自己回得了家吗？", "Can you get home by yourself?", yes="!safe", no="!help"),
)


def _pattern(
    questions: tuple[Question, ...], *, silence: int, before: tuple[Step, ...] = (), burning: bool = False
) -> Pattern:
    """The usual order; `before` stands between taking the alarm and the first call."""
    send = [
        *_when(W.NO_ANSWER, after=silence, urgent=True), *_when(W.HELP, W.AMBULANCE, urgent=True), *_when(W.UNREACHED),
    ]  # fmt: skip
    steps: list[Step] = [
        Step(key="claim", do=Do.CLAIM),
        *before,
        Step(key="speak", do=Do.SPEAK, when=_when(W.UNREACHED)),
        Step(key="call_elder", do=Do.CALL_ELDER, when=_when(W.UNREACHED)),
        Step(key="ask", do=Do.ASK, when=_when(W.REACHED), questions=list(questions)),
    ]
    if burning:
        fire = [*_when(W.NO_ANSWER, after=silence, urgent=True), *_when(W.HELP, urgent=True)]
        steps.append(Step(key="fire", do=Do.FIRE, when=fire))
    steps += [
        Step(key="ambulance", do=Do.AMBULANCE, when=_when(W.AMBULANCE, urgent=True)),
        Step(key="climb", do=Do.CLIMB, when=_when(W.UNREACHED)),
        Step(key="send", do=Do.SEND, when=send),
        Step(key="inform", do=Do.INFORM, when=_when(W.HELP, W.AMBULANCE, W.SENT)),
        Step(key="arrive", do=Do.ARRIVE, when=_when(W.SENT, W.HELP, W.AMBULANCE)),
        Step(key="note", do=Do.NOTE, when=_when(W.ARRIVED, W.HELP, W.AMBULANCE)),
        Step(key="call_back", do=Do.CALL_BACK, when=_when(W.ARRIVED, W.HELP, W.AMBULANCE), minutes=AGAIN),
        Step(key="close", do=Do.CLOSE),
    ]
    return Pattern(steps=steps)


def _check(key: str, zh: str, en: str) -> Step:
    return Step(key=key, do=Do.CHECK, words=_say(zh, en))


BURNS: Final[dict[str, Any]] = {"silence": SILENCE, "burning": True}
DEFAULTS: Final[Mapping[str, Pattern]] = {
    K.SOS: _pattern(STATE, silence=PATIENCE),
    K.FALL: _pattern(STATE, silence=SILENCE),
    K.SMOKE: _pattern(BURNING, **BURNS),
    K.GAS: _pattern(BURNING, **BURNS),
    K.FIRE: _pattern(BURNING, **BURNS),
    K.OTHER_ALARM: _pattern(WELL, silence=PATIENCE),
    K.TELEPHONE: _pattern(STATE, silence=PATIENCE),
    K.WATER_LEAK: _pattern(LEAKING, silence=PATIENCE),
    K.INACTIVITY: _pattern(
        WELL, silence=PATIENCE,
        before=(_check("care_day", "看右侧：是否有护理员刚到过，是否外出或住院",
                       "Look at the right: was somebody just there, is she out or in hospital?"),),
    ),
    K.GEOFENCE: _pattern(
        OUTSIDE, silence=PATIENCE,
        before=(_check("map", "看地图：最后位置和方向", "Look at the map: her last position and direction"),),
    ),
    K.VITALS: _pattern(
        STATE, silence=PATIENCE,
        before=(_check("readings", "看时间线里的读数：是否连续异常，传感器是否脱落",
                       "Look at the readings: wrong for long, or is the sensor off?"),),
    ),
    K.DOOR: _pattern(OUTSIDE, silence=PATIENCE),
    K.ENVIRONMENT: _pattern(WELL, silence=PATIENCE),
    K.WORKER: Pattern(steps=[
        Step(key="claim", do=Do.CLAIM),
        Step(key="call_worker", do=Do.CALL_WORKER, when=_when(W.UNREACHED)),
        Step(key="ask", do=Do.ASK, when=_when(W.REACHED), questions=list(HERSELF)),
        Step(key="police", do=Do.POLICE, when=_when(W.HELP, W.NO_ANSWER, after=2 * PATIENCE, urgent=True)),
        Step(key="ambulance", do=Do.AMBULANCE, when=_when(W.AMBULANCE, urgent=True)),
        Step(key="send", do=Do.SEND, when=[
            *_when(W.NO_ANSWER, after=SILENCE, urgent=True), *_when(W.HELP, W.AMBULANCE), *_when(W.UNREACHED),
        ]),
        Step(key="arrive", do=Do.ARRIVE, when=_when(W.SENT, W.HELP, W.AMBULANCE)),
        Step(key="note", do=Do.NOTE, when=_when(W.ARRIVED, W.HELP, W.AMBULANCE)),
        Step(key="call_back", do=Do.CALL_BACK, when=_when(W.ARRIVED, W.HELP, W.AMBULANCE), minutes=AGAIN),
        Step(key="close", do=Do.CLOSE),
    ]),
    CALL_BACK: Pattern(steps=[
        Step(key="claim", do=Do.CLAIM),
        Step(key="call_elder", do=Do.CALL_ELDER, when=_when(W.UNREACHED)),
        Step(key="inform", do=Do.INFORM, when=_when(W.UNREACHED)),
        Step(key="ask", do=Do.ASK, when=_when(W.REACHED), questions=list(WELL)),
        Step(key="send", do=Do.SEND, when=[*_when(W.HELP, W.AMBULANCE, urgent=True), *_when(W.UNREACHED)]),
        Step(key="arrive", do=Do.ARRIVE, when=_when(W.SENT)),
        Step(key="note", do=Do.NOTE),
        Step(key="close", do=Do.CLOSE),
    ]),
}  # fmt: skip
