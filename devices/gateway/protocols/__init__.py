"""The protocols the gateway speaks: one module each, with what `devices.gateway.talk.Wire` asks for."""

from typing import Final

from devices.gateway.protocols import dc09, gt06, h02, iwap, jt808, watch_3g
from devices.gateway.talk import Known

WIRES: Final[Known] = {wire.NAME: wire for wire in (watch_3g, iwap, gt06, h02, jt808, dc09)}
