"""Logs: one JSON object a line, with route and outcome but no name, number, address or body of anybody."""

import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from prometheus_client import Counter, Histogram
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

REQUESTS = Counter("yinling_requests_total", "HTTP requests", ["method", "route", "status"])
SECONDS = Histogram("yinling_request_seconds", "Time to answer", ["method", "route"])
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
log = structlog.get_logger()


def configure(process: str) -> None:
    """Have structlog and the standard library write JSON lines to stderr, naming the process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_without_data),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").addFilter(_not_twice)
    for noisy in ("uvicorn.access", "httpx", "httpx2", "apscheduler.executors.default"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def _without_data(exc_info: Any) -> str:
    """The traceback, but of errors that quote what was stored or sent (database, validation) only their kind."""
    told = traceback.TracebackException(*exc_info)
    seen: traceback.TracebackException | None = told
    error: BaseException | None = exc_info[1]
    while seen is not None and error is not None:
        if isinstance(error, (DBAPIError, psycopg.Error, ValidationError)):
            seen._str = getattr(error, "sqlstate", None) or "…"  # type: ignore[attr-defined]
        seen, error = (seen.__cause__, error.__cause__) if seen.__cause__ else (seen.__context__, error.__context__)
    return "".join(told.format()).rstrip()


def _not_twice(record: logging.LogRecord) -> bool:
    """`app.problems` has written the bug down already, with its route."""
    return not str(record.msg).startswith("Exception in ASGI application")


Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class RequestLog:
    """Middleware: a line and a metric for each request, security headers on each answer, an id in both."""

    HEADERS = (
        (b"content-security-policy",
         b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
         b"worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
         b"frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"geolocation=(self), camera=(self), microphone=()"),
    )  # fmt: skip

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Run the request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, start, status = uuid4().hex[:12], time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *self.HEADERS, (b"x-request-id", request_id.encode())]
                if scope["path"].startswith("/api/") and not any(k == b"cache-control" for k, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        structlog.contextvars.bind_contextvars(request=request_id)
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            seconds = time.perf_counter() - start
            method = scope["method"] if scope["method"] in METHODS else "other"  # callers may invent any
            REQUESTS.labels(method, route, status).inc()
            if route != "/api/live":
                SECONDS.labels(method, route).observe(seconds)
            if route not in ("/healthz", "/readyz", "/metrics", "other"):
                log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000))
            structlog.contextvars.unbind_contextvars("request")
