"""The built pages: desk, phone, wall board and the family's page, served by the web process itself."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from app.config import settings

ENTRIES = ("desk", "phone", "board", "family")
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class _Assets(StaticFiles):
    """Files with a hash in their name never change."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(FOREVER)
        return response


def _inside(folder: Path, path: str) -> Path | None:
    """The file of that name in the folder, if there is one; a name no file can have is none."""
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None


def install(app: FastAPI) -> None:
    """Serve `web/dist`; without it every page says how to build it."""
    dist = Path(settings().web_dist)
    if (dist / "assets").is_dir():
        app.mount("/assets", GZipMiddleware(_Assets(directory=dist / "assets")), name="assets")

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse("/desk/")

    def page(entry: str) -> Response:
        index = dist / entry / "index.html"
        if not index.is_file():
            return HTMLResponse("<p>The pages are not built: run <code>make demo</code>.</p>", 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    def install_entry(entry: str) -> None:
        @app.get(f"/{entry}/{{path:path}}", include_in_schema=False)
        def serve(path: str) -> Response:
            file = _inside(dist / entry, path)
            if file is not None:
                return FileResponse(file, headers={"Cache-Control": "no-cache"})  # service worker, manifest, icons
            return page(entry)

    for entry in ENTRIES:
        install_entry(entry)
