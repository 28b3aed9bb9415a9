"""What is handed to whatever carries messages, and its refusal."""

from dataclasses import dataclass

from app.messages.rules import Channel, Trouble


@dataclass(frozen=True)
class Parcel:
    """What is handed over. `id` is the same at every try, so that a gateway can tell a repeat from a new message."""

    id: str
    channel: Channel
    to: str
    text: str
    urgent: bool


class NotDelivered(Exception):
    """The gateway did not take it; the text is the gateway's own, without a number or a name."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(detail)
        self.trouble, self.detail = trouble, detail
