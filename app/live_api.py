"""The live stream of the screens over server-sent events, and what operators of the installation ask."""

import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sse_starlette import EventSourceResponse, ServerSentEvent

from app import live
from app.access.api import Anyone, still_in
from app.db import transaction
from app.live import Hub

router = APIRouter(tags=["live"])
PING_SECONDS = 5
ASK_AGAIN_SECONDS = 30  # whether the session that opened the stream goes on


@router.get("/api/live", response_class=EventSourceResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(
    request: Request, me: Anyone, last_event_id: Annotated[str | None, Header()] = None
) -> EventSourceResponse:
    """`change` events with the topics that changed; `reset` means: ask for everything again."""
    hub: Hub = request.app.state.hub

    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(event="hello", data=json.dumps({"live": hub.connected}), retry=1000)
        asked = monotonic()
        async for notice in hub.subscribe(me.district_id, last_event_id):
            if monotonic() - asked >= ASK_AGAIN_SECONDS:
                if not await to_thread.run_sync(still_in, request):
                    return
                asked = monotonic()
            kind = "change" if notice.topics else "reset"
            yield ServerSentEvent(event=kind, id=notice.id, data=json.dumps({"topics": notice.topics}))

    return EventSourceResponse(
        events(), ping=PING_SECONDS, ping_message_factory=lambda: ServerSentEvent(event="ping", data="{}")
    )


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(response: Response) -> dict[str, Any]:
    """The process can serve: database and Redis answer. 503 names what does not."""
    parts: dict[str, str] = {}
    try:
        with transaction() as session:
            session.execute(text("select 1"))
        parts["database"] = "ok"
    except Exception as error:
        parts["database"] = type(error).__name__
    try:
        live.client().ping()
        parts["redis"] = "ok"
    except live.Down as error:
        parts["redis"] = type(error).__name__
    if parts["database"] != "ok":  # without Redis notices are late, not lost: still ready
        response.status_code = 503
    return {"status": "ok" if response.status_code != 503 else "not ready", "parts": parts}


@router.get("/metrics", include_in_schema=False)
def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
