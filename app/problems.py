"""Errors over HTTP: RFC 9457 problem details. No other module knows a status code."""

import inspect
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app import errors
from app.vault import NoKeyring

STATUS: Final[dict[type[errors.CareError], int]] = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Refused: 403,
    errors.Unreadable: 422,
    errors.NotLoggedIn: 401,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    errors.TooLarge: 413,
}
TAKEN: Final = ("23505", "23P01")  # unique and exclusion constraints: what a faster writer has
log = structlog.get_logger()


def problem(status: int, title: str, detail: str, kind: str = "about:blank", /, **facts: Any) -> JSONResponse:
    """A problem document; a fact may be called as it likes, `kind` too."""
    headers = {"Retry-After": str(facts["retry_after"])} if "retry_after" in facts else {}
    body = {"type": kind, "title": title, "status": status, "detail": detail, **facts}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def of(error: errors.CareError) -> JSONResponse:
    """The problem document of an error of ours."""
    status = next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 400)
    title = inspect.cleandoc(type(error).__doc__ or "").splitlines()[0]
    return problem(status, title, error.detail, f"/problems/{type(error).__name__}", **error.facts)


def _text(said: str) -> str:
    """What a caller sent may hold half a character, which no answer can carry."""
    return said.encode(errors="replace").decode()


def install(app: FastAPI) -> None:
    """Have the application answer every error as a problem document."""

    @app.exception_handler(errors.CareError)
    def care_error(_: Request, error: errors.CareError) -> JSONResponse:
        return of(error)

    @app.exception_handler(StaleDataError)
    def stale(_: Request, error: StaleDataError) -> JSONResponse:
        return of(errors.Conflict("Somebody else has just changed this; look again."))

    @app.exception_handler(OperationalError)
    def database_down(request: Request, error: OperationalError) -> JSONResponse:
        log.error("database", path=request.url.path, error=type(error.orig).__name__)
        return of(errors.Unavailable("The database does not answer; nothing was changed. Please try again."))

    @app.exception_handler(DataError)
    @app.exception_handler(OverflowError)
    @app.exception_handler(UnicodeEncodeError)
    def cannot_be_stored(request: Request, error: Exception) -> JSONResponse:
        log.warning("unreadable", path=request.url.path, error=type(error).__name__)
        return of(errors.Unreadable("A number or time is out of range, or a text holds what is no text."))

    @app.exception_handler(IntegrityError)
    def overtaken(request: Request, error: IntegrityError) -> JSONResponse:
        if getattr(error.orig, "sqlstate", "") not in TAKEN:
            return bug(request, error)
        log.warning("overtaken", path=request.url.path, error=type(error.orig).__name__)
        return of(errors.Conflict("Somebody else has just changed this; look again."))

    @app.exception_handler(NoKeyring)
    def no_keyring(_: Request, error: NoKeyring) -> JSONResponse:
        return of(errors.Unavailable(str(error)))

    @app.exception_handler(RequestValidationError)
    def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"where": _text(".".join(str(part) for part in fault["loc"])), "what": _text(fault["msg"])}
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
        return problem(422, str(errors.Unreadable.__doc__), detail, "/problems/Unreadable", faults=faults)

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), str(error.detail))

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> JSONResponse:
        log.exception("bug", path=request.url.path, exc_info=error)
        answer = problem(500, "This is our fault.", "The error was written to the log; nothing was changed.")
        answer.headers["Cache-Control"] = "no-store"  # it does not pass the middleware that says so
        return answer
