"""Action patterns: the ordered steps of handling one kind of alarm, as data that the district and the care plan set."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.alarms.rules import AlarmKind, Event
from app.calls.rules import Target


class Do(StrEnum):
    """What one key does."""

    CLAIM = "claim"
    SPEAK = "speak"  # through the device's loudspeaker
    CALL_ELDER = "call_elder"
    CALL_WORKER = "call_worker"  # the caregiver whose call for help it is
    ASK = "ask"  # a script whose answers lead on
    CLIMB = "climb"  # the elder's escalation tree
    SEND = "send"  # the nearest caregiver or responder
    AMBULANCE = "ambulance"  # 120
    FIRE = "fire"  # 119
    POLICE = "police"  # 110
    INFORM = "inform"  # the family
    ARRIVE = "arrive"  # somebody stands at the door
    CHECK = "check"  # anything else, done when the operator says so
    NOTE = "note"  # what came of it, in words
    CALL_BACK = "call_back"  # settled for now, and called again in so many minutes
    CLOSE = "close"


class When(StrEnum):
    """What must be so for a step to be due."""

    ALWAYS = "always"
    UNREACHED = "unreached"  # nobody has been spoken to yet
    REACHED = "reached"  # she was spoken to, and it is not known yet how she is
    NO_ANSWER = "no_answer"  # and nobody has answered so many seconds after the first try
    HELP = "help"  # the last word is that help is needed
    AMBULANCE = "ambulance"  # the script came out at 120
    SAFE = "safe"  # the last word is that all is well
    SENT = "sent"  # somebody is on the way
    ARRIVED = "arrived"  # somebody is, or was, with her


class Evidence(StrEnum):
    """What ends a step."""

    CLAIMED = "claimed"
    TRIED = "tried"  # the result of a call is written down, whatever it is
    REACHED = "reached"  # a call was answered
    ANSWERED = "answered"  # the script has come out somewhere
    SENT = "sent"
    ARRIVED = "arrived"
    SAID = "said"  # the operator says it is done
    NOTED = "noted"
    PROMISED = "promised"  # a time for the call-back stands
    CLOSED = "closed"


D, V = Do, Evidence
ENDS: Final[Mapping[Do, tuple[Evidence, ...]]] = {
    D.CLAIM: (V.CLAIMED,), D.SPEAK: (V.TRIED, V.REACHED), D.CALL_ELDER: (V.TRIED, V.REACHED),
    D.CALL_WORKER: (V.REACHED, V.TRIED), D.ASK: (V.ANSWERED,),
    D.CLIMB: (V.REACHED,), D.SEND: (V.SENT,), D.AMBULANCE: (V.REACHED, V.TRIED), D.FIRE: (V.REACHED, V.TRIED),
    D.POLICE: (V.REACHED, V.TRIED), D.INFORM: (V.REACHED, V.TRIED), D.ARRIVE: (V.ARRIVED,), D.CHECK: (V.SAID,),
    D.NOTE: (V.NOTED,), D.CALL_BACK: (V.PROMISED,), D.CLOSE: (V.CLOSED,),
}  # fmt: skip
"""What may end each step; the first is the usual one."""
EVENT_OF: Final[Mapping[Do, Event]] = {
    D.CLAIM: Event.CLAIM, D.SPEAK: Event.CALL, D.CALL_ELDER: Event.CALL, D.CALL_WORKER: Event.CALL,
    D.ASK: Event.STEP, D.CLIMB: Event.CALL,
    D.SEND: Event.DISPATCH, D.AMBULANCE: Event.CALL, D.FIRE: Event.CALL, D.POLICE: Event.CALL, D.INFORM: Event.CALL,
    D.ARRIVE: Event.ARRIVE, D.CHECK: Event.STEP, D.NOTE: Event.NOTE, D.CALL_BACK: Event.FOLLOW_UP,
    D.CLOSE: Event.CLOSE,
}  # fmt: skip
"""The event of the alarm a step is; whoever may do that may do the step."""
TARGET_OF: Final[Mapping[Do, Target]] = {
    D.SPEAK: Target.DEVICE, D.CALL_ELDER: Target.ELDER, D.CALL_WORKER: Target.WORKER, D.INFORM: Target.CONTACT,
    D.AMBULANCE: Target.AMBULANCE, D.FIRE: Target.FIRE, D.POLICE: Target.POLICE,
}  # fmt: skip
MUST: Final = frozenset({D.CLAIM, D.CLOSE})  # neither can be skipped
LANGUAGE: Final = "zh-CN"  # every text has it
Words = dict[str, str]  # language to text


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _spoken(words: Words) -> Words:
    if not words.get(LANGUAGE, "").strip():
        raise ValueError(f"a text needs its {LANGUAGE} words")
    if any(len(text) > 300 for text in words.values()):
        raise ValueError("a text has at most 300 characters")
    return words


class Answer(_Data):
    """One answer to a question: to the next question, or out with what is known then."""

    key: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    words: Words
    leads: str | None = None  # the next question
    means: Literal["safe", "help", "ambulance"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        _spoken(self.words)
        if (self.leads is None) == (self.means is None):
            raise ValueError(f"answer {self.key} must lead to a question or mean something, and not both")
        return self


class Question(_Data):
    """What to ask her."""

    key: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    words: Words
    answers: list[Answer] = Field(min_length=2, max_length=6)

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        _spoken(self.words)
        if len({answer.key for answer in self.answers}) < len(self.answers):
            raise ValueError(f"two answers to {self.key} have one key")
        return self


class Condition(_Data):
    """When a step is due. An urgent one goes before the steps above it: help goes out while others are called."""

    when: When
    after_seconds: int = Field(0, ge=0, le=3600)
    urgent: bool = False


class Step(_Data):
    """One step: due as soon as one of its conditions holds and the steps above it are done."""

    key: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    do: Do
    words: Words = {}  # the district's own; without them the screen has its usual ones
    when: list[Condition] = Field(default=[Condition(when=When.ALWAYS)], min_length=1, max_length=6)
    ends: Evidence | None = None
    questions: list[Question] = Field(default=[], max_length=12)
    minutes: int | None = Field(None, ge=1, le=72 * 60)  # of a call-back

    @property
    def ended_by(self) -> Evidence:
        """What ends it."""
        return self.ends or ENDS[self.do][0]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.words:
            _spoken(self.words)
        if self.ends and self.ends not in ENDS[self.do]:
            raise ValueError(f"step {self.key}: {self.do} does not end by {self.ends}")
        if (self.do is Do.ASK) != bool(self.questions):
            raise ValueError(f"step {self.key}: a script has questions, and nothing else has")
        if self.minutes and self.do is not Do.CALL_BACK:
            raise ValueError(f"step {self.key}: only a call-back has minutes")
        if self.do is Do.CHECK and not self.words:
            raise ValueError(f"step {self.key}: say what is to be done")
        _leads_out(self.questions)
        return self


def _leads_out(questions: list[Question]) -> None:
    """Every answer leads forward, so that every script comes to an end."""
    places = {question.key: n for n, question in enumerate(questions)}
    if len(places) < len(questions):
        raise ValueError("two questions have one key")
    for n, question in enumerate(questions):
        for answer in question.answers:
            if answer.leads is not None and places.get(answer.leads, -1) <= n:
                raise ValueError(f"answer {answer.key} to {question.key} must lead to a later question")


class Pattern(_Data):
    """All steps in order; it begins with taking the alarm and ends with closing it."""

    steps: list[Step] = Field(min_length=2, max_length=30)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({step.key for step in self.steps}) < len(self.steps):
            raise ValueError("two steps have one key")
        if self.steps[0].do is not Do.CLAIM or self.steps[-1].do is not Do.CLOSE:
            raise ValueError("a pattern begins with claim and ends with close")
        if sum(step.do in MUST for step in self.steps) != len(MUST):
            raise ValueError("an alarm is claimed once and closed once")
        if all(condition.when is not When.ALWAYS for condition in self.steps[0].when):
            raise ValueError("an alarm can always be claimed")
        if not any(step.do is Do.SEND for step in self.steps) and not self._of_a_call_back():
            raise ValueError("nobody reached means somebody is sent: a pattern needs a step that sends")
        return self

    def _of_a_call_back(self) -> bool:
        return not any(step.do in (Do.SPEAK, Do.CLIMB) for step in self.steps)

    def step(self, key: str) -> Step | None:
        """The step of that key."""
        return next((step for step in self.steps if step.key == key), None)


CALL_BACK: Final = "call_back"
KINDS: Final = (*AlarmKind, CALL_BACK)
"""What has a pattern: every kind of alarm, and the call-back that was promised."""
