"""Presses and turns in a MiBeacon: number(1) steps(1) how(1), or a type of their own (public source: Xiaomi IoT)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.codecs.frame import Frame
from devices.signals import BadPayload

Said = dict[str, Any]
Reader = Callable[[Frame], Said]


def event(name: str, kind: str, properties: Said | None = None) -> Said:
    return {f"event:{name}": {"event_type": kind, "event_properties": properties}}


PRESSES: Final = ("press", "double_press", "long_press")
SWITCH_PRESSES: Final = ("press", "long_press", "double_press")
TWO, THREE = ("left", "right"), ("left", "middle", "right")
SWITCHES: Final = (0b001, 0b010, 0b100, 0b011, 0b110, 0b101, 0b111)  # which buttons of three a number means
TWO_SWITCHES: Final = (0b01, 0b10, 0b11)


def one_button(value: Frame) -> Said:
    """number(1) steps(1) how(1), of a thing with one button."""
    value.take(2)
    how = value.u(1)
    return event("button", PRESSES[how] if how < len(PRESSES) else "no_press")


def switch(names: tuple[str, ...], masks: tuple[int, ...]) -> Reader:
    """A wall switch tells several buttons at once."""

    def read(value: Frame) -> Said:
        number, _, how = value.u(1), value.u(1), value.u(1)
        if number >= len(masks) or how >= len(SWITCH_PRESSES):
            raise BadPayload(f"unknown press {number} {how}")
        found: Said = {}
        for place, name in enumerate(names):
            if masks[number] >> place & 1:
                found |= event(f"button_{name}" if name else "button", SWITCH_PRESSES[how])
        return found

    return read


def remote(*names: str) -> Reader:
    """A remote control: each number a key of its own."""

    def read(value: Frame) -> Said:
        number, _, how = value.u(1), value.u(1), value.u(1)
        if number >= len(names) or how not in (0, 1, 2, 5, 6):
            raise BadPayload(f"unknown key {number} {how}")
        said = event(f"button_{names[number]}", {5: "press", 6: "long_press"}.get(how) or PRESSES[how])
        return said | ({"power": number == 0} if names[0] == "on" and number < 2 else {})

    return read


def dimmer(value: Frame) -> Said:
    number, steps, how = value.u(1), value.u(1), value.u(1)
    if how == 3 and number in (0, 1):
        word = ("press", "number_of_presses") if number == 0 else ("long_press", "duration")
        return event("dimmer", word[0], {word[1]: steps})
    if how == 4:
        turned = steps if number == 0 else number
        word_ = ("rotate_left" if turned > 127 else "rotate_right") + ("" if number == 0 else "pressed")
        return event("dimmer", word_, {"steps": 256 - turned if turned > 127 else turned})
    raise BadPayload(f"unknown turn {number} {how}")


def cube(value: Frame) -> Said:
    number = value.u(1)
    if number > 1:
        raise BadPayload(f"unknown turn {number}")
    return event("cube", ("rotate_right", "rotate_left")[number])


def pressed(press: str) -> Reader:
    """A type of its own for each press."""

    def read(value: Frame) -> Said:
        value.rest()
        return event("button", press)

    return read


def sided(press: str, names: Mapping[int, tuple[str, ...]]) -> Reader:
    """On a switch of several the value says which."""

    def read(value: Frame) -> Said:
        which = value.u(1)
        if which not in names:
            raise BadPayload(f"unknown button {which}")
        found: Said = {}
        for name in names[which]:
            found |= event(f"button_{name}", press)
        return found

    return read


def by_press(value: Frame) -> Said:
    which = value.u(1)
    how = {1: "press", 8: "long_press", 15: "double_press"}.get(which)
    if how is None:
        raise BadPayload(f"unknown press {which}")
    return event("button", how)


FROM_NOUGHT: Final = {0: ("left",), 1: ("right",)}
FROM_ONE: Final = {1: ("left",), 2: ("right",), 3: ("left", "right")}
QUAD: Final = {1: ("left",), 2: ("mid_left",), 3: ("mid_right",), 4: ("right",)}
