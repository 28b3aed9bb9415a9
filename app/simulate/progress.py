"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # what, how many done, of how many


def silent(what: str, done: int, total: int) -> None:
    """Nobody is listening."""
