"""The tree an elder has while nobody edited one: a template by ability and living situation, filled with her contacts.

A district may keep templates of its own (`TreeTemplate`); these hold where it has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, Field

from app.escalation.rules import (
    CONTACTS,
    COUNTS,
    HELP,
    STRICT,
    AlarmKind,
    Difference,
    Living,
    NotSafe,
    Reached,
    Rung,
    RungKind,
    Tree,
    kind_of,
)
from app.people.rules import AbilityLevel
from app.people.tables import Contact

A, K, R = AlarmKind, RungKind, Reached


class Pattern(BaseModel):
    """A rung of a template: for family, neighbours and community workers one rung for each contact, up to `most`."""

    model_config = STRICT
    kind: RungKind
    attempts: int = Field(2, ge=1, le=5)
    wait: int = Field(30, ge=10, le=900)
    reached: Reached
    most: int = Field(1, ge=1, le=5)
    differs: dict[AlarmKind, Difference] = {}


class Template(BaseModel):
    """A tree without names."""

    model_config = STRICT
    rungs: list[Pattern] = Field(max_length=20)
    at_once: dict[AlarmKind, list[RungKind]] = {}
    silence: dict[AlarmKind, list[RungKind]] = {}


DANGER: Final = {A.FIRE: [K.RESPONDER, K.AMBULANCE], A.SMOKE: [K.RESPONDER, K.AMBULANCE],
                 A.GAS: [K.RESPONDER, K.AMBULANCE], A.FALL: [K.RESPONDER]}  # fmt: skip
SILENCE: Final = {kind: [K.RESPONDER] for kind in (*DANGER, A.SOS, A.OTHER_ALARM, A.INACTIVITY, A.VITALS)}
QUIET: Final = (A.DOOR, A.ENVIRONMENT, A.GEOFENCE)
ONCE: Final = dict.fromkeys(QUIET, Difference(attempts=1))


def _template(*rungs: Pattern) -> Template:
    ends = (
        Pattern(kind=K.RESPONDER, attempts=2, wait=90, reached=R.ACCEPTED),
        Pattern(kind=K.AMBULANCE, attempts=3, wait=30, reached=R.SPOKEN, differs=ONCE),
    )
    return Template(rungs=[*rungs, *ends], at_once=DANGER, silence=SILENCE)


def _device(attempts: int, wait: int) -> Pattern:
    return Pattern(kind=K.DEVICE, attempts=attempts, wait=wait, reached=R.VOICE)


def _elder(attempts: int, wait: int) -> Pattern:
    return Pattern(kind=K.ELDER, attempts=attempts, wait=wait, reached=R.VOICE)


def _family(most: int, attempts: int = 2, wait: int = 40) -> Pattern:
    return Pattern(kind=K.FAMILY, attempts=attempts, wait=wait, reached=R.SPOKEN, most=most)


def _near(attempts: int = 2, wait: int = 40, most: int = 1) -> Pattern:
    return Pattern(kind=K.NEIGHBOUR, attempts=attempts, wait=wait, reached=R.SPOKEN, most=most)


def _worker() -> Pattern:
    return Pattern(kind=K.COMMUNITY, attempts=2, wait=40, reached=R.SPOKEN)


ABLE: Final = {
    Living.TOGETHER: _template(_device(1, 20), _elder(2, 30), _family(2), _near(), _worker()),
    Living.ALONE: _template(_device(2, 20), _elder(2, 30), _family(1), _near(), _family(1), _worker()),
}
FRAIL: Final = {  # she needs longer to the telephone; whoever is near comes before whoever is far
    Living.TOGETHER: _template(_device(1, 30), _elder(2, 45), _family(2), _near(), _worker()),
    Living.ALONE: _template(_device(2, 30), _elder(1, 45), _near(), _family(2), _worker()),
}
BEDRIDDEN: Final = {  # she does not come to the telephone
    Living.TOGETHER: _template(_device(1, 30), _family(2, 2, 30), _near(1, 30), _worker()),
    Living.ALONE: _template(_device(1, 30), _near(2, 30), _family(1, 2, 30), _worker()),
}
L = AbilityLevel
BUILT_IN: Final[Mapping[AbilityLevel, Mapping[Living, Template]]] = {
    L.INTACT: ABLE, L.MILD: ABLE, L.MODERATE: FRAIL, L.SEVERE: BEDRIDDEN, L.TOTAL: BEDRIDDEN,
}  # fmt: skip


def check(template: Template) -> None:
    """Raises NotSafe where no tree filled from it could be safe."""
    last = template.rungs[-1].kind if template.rungs else None
    standing = {pattern.kind for pattern in template.rungs}
    wanted = {kind for sent in (*template.at_once.values(), *template.silence.values()) for kind in sent}
    if last not in HELP or RungKind.RESPONDER not in standing:
        raise NotSafe("A template sends a responder and ends with one or with 120.")
    if not wanted <= standing & set(HELP):
        raise NotSafe("Beside the calls only a responder or 120 is sent, and only one that stands on a rung.")
    for pattern in template.rungs:
        if pattern.reached not in COUNTS[pattern.kind]:
            raise NotSafe(f"{pattern.reached} cannot count as reached for {pattern.kind}.")


def filled(template: Template, contacts: Sequence[Contact], *, phone: bool, speaks: bool) -> Tree:
    """The tree of one elder: her contacts in their order, key holders before other neighbours, each once."""
    waiting = {kind: _in_order(contacts, kind) for kind in CONTACTS}
    rungs: list[Rung] = []
    for pattern in template.rungs:
        said = pattern.model_dump(exclude={"most"})
        if pattern.kind in CONTACTS:
            queue = waiting[pattern.kind]
            rungs += [Rung(**said, contact_id=contact.id) for contact in _take(queue, pattern.most)]
        elif (pattern.kind is not K.DEVICE or speaks) and (pattern.kind is not K.ELDER or phone):
            rungs.append(Rung(**said))
    return Tree(rungs=rungs, at_once=template.at_once, silence=template.silence)


def _in_order(contacts: Sequence[Contact], kind: RungKind) -> list[Contact]:
    fit = [one for one in contacts if one.is_emergency and kind_of(one.relation) is kind]
    return sorted(fit, key=lambda one: (kind is K.NEIGHBOUR and not one.has_key, one.rank))


def _take(queue: list[Contact], most: int) -> Iterator[Contact]:
    for _ in range(min(most, len(queue))):
        yield queue.pop(0)
