"""An engine in a process of its own: it may crash, hang, or hold on to its memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

PATIENCE = 8  # times its budget may go by on the wall, where others want the processor too


def apart(work: Callable[..., Any], *given: Any, patience: float) -> Any:
    """What `work(*given)` answers; None where it says nothing within `patience` seconds, or dies."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_send, args=(there, work, given))
    child.start()
    there.close()
    try:
        return here.recv() if here.poll(patience) else None
    except EOFError:
        return None
    finally:
        child.kill()
        child.join()
        here.close()


def _send(answer: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    answer.send(work(*given))


def of_the_processor(routing: Any, parameters: Any, seconds: float) -> None:
    """Ends a search of OR-Tools after `seconds` of the processor; its own limit counts the wall, whoever else runs."""
    parameters.time_limit.FromMilliseconds(int(1000 * PATIENCE * seconds))
    ends = time.process_time() + seconds

    def look() -> None:
        if time.process_time() > ends:
            routing.solver().FinishCurrentSearch()

    routing.AddAtSolutionCallback(look)
