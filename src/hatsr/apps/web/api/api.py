"""The plain HTTP API: health, models, one picture in and the larger one out."""

# Annotations are not postponed: FastAPI reads the types of these functions.

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from hatsr import __version__
from hatsr.apps.web.limits import BusyError
from hatsr.apps.web.queue.job_queue import JobQueue
from hatsr.apps.web.queue.temporary_folders import safe_name
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.service import Service
from hatsr.apps.web.work.upscale_task import UpscaleTask, UpscaleTaskResult
from hatsr.apps.web.work.work_process import SOURCE

_LOOK = 0.05
"""Seconds between two looks at a job."""
_NO_FILE = "file must be a picture in a multipart form"
_STATUS = {"wrong": 422, "too large": 413, "memory": 503, "broken": 500}
"""HTTP status of what is to blame."""


class Health(BaseModel):
    """That the service is there."""

    status: str = "ok"
    version: str = __version__
    waiting: int = Field(description="Jobs that wait or run.")


class ModelRow(BaseModel):
    """A network."""

    name: str
    scale: int = Field(description="SR pixels for each LR pixel, along a side.")
    shipped: bool = Field(description="It is part of hatsr.")


class UpscaleForm(BaseModel, extra="forbid"):
    """What to enlarge, and how."""

    file: UploadFile = Field(description="The picture: PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF.")
    model: str = Field("", description="A name of /api/models; the service chooses without.")
    scale: float | None = Field(None, description="Factor; the network's own without.")
    format: str = Field("", description="png, jpg, webp, tif or avif; as the picture without.")
    quality: int | None = Field(None, description="1 to 100 for jpg, webp, avif.")
    denoise: float | None = Field(
        None, description="0 (weights for clean pictures) to 1 (real-world); without a model."
    )
    ensemble: bool = Field(False, description="Mean over 8 flips and turns; 8 times slower.")


class ApiProblem(BaseModel):
    """Why there is no result."""

    error: str = Field(description="What the command line says.")


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": ApiProblem, "description": "No file, or no multipart form."},
    413: {"model": ApiProblem, "description": "Too many bytes or pixels."},
    408: {"model": ApiProblem, "description": "The upload took too long."},
    422: {"model": ApiProblem, "description": "No picture, or an option that breaks its rule."},
    429: {"model": ApiProblem, "description": "The queue is full."},
    500: {"model": ApiProblem, "description": "A fault of hatsr; the server goes on."},
    503: {"model": ApiProblem, "description": "Time, memory or disk did not suffice."},
}


def make_api(service: Service) -> APIRouter:
    """The addresses under ``/api``."""
    router = APIRouter(prefix="/api", route_class=_BoundedForm)

    @router.get("/health")
    def health() -> Health:
        """Say that the service is there."""
        return Health(waiting=service.jobs.busy())

    @router.get("/models")
    def models() -> list[ModelRow]:
        """List the networks that ``model`` can name."""
        return [
            ModelRow(name=each.name, scale=each.scale, shipped=each.shipped)
            for each in service.ready.models
        ]

    @router.post(
        "/upscale",
        response_class=FileResponse,
        responses={**_PROBLEMS, 200: {"content": {"image/*": {}}}},
    )
    async def upscale(request: Request, form: Annotated[UpscaleForm, Form()]) -> FileResponse:
        """Enlarge a picture; the answer is the file that ``hatsr upscale`` writes."""
        owner = f"address {request.client.host if request.client else ''}"
        name = safe_name(form.file.filename or "")
        job = await asyncio.to_thread(
            service.jobs.submit, owner, name, lambda folder: _task(form, folder, name)
        )
        try:
            await _wait(request, service.jobs, job)
            return _ResultResponse(service.jobs, job)
        except BaseException:
            service.jobs.forget(job)
            raise

    return router


class _BoundedForm(APIRoute):
    """Reads a form with one file and short fields: others would fill the server's memory."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The handler of a request, with the limits set."""
        answer = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            if request.method == "POST":
                if not request.headers.get("content-type", "").startswith("multipart/form-data"):
                    raise HTTPException(400, _NO_FILE)
                form = await request.form(max_files=1, max_fields=20, max_part_size=4096)
                _check_names([name for name, _ in form.multi_items()], request)
            return await answer(request)

        return bounded


def _check_names(names: list[str], request: Request) -> None:
    """Refuse options that FastAPI would pass over in silence.

    Raises:
        HTTPException: one is given twice, or in the address.
    """
    for name in names:
        if names.count(name) > 1:
            raise HTTPException(422, f"{name} must be given once, got {names.count(name)}")
    for name in request.query_params:
        raise HTTPException(422, f"{name} must be a field of the form, got it in the address")


def _task(form: UpscaleForm, folder: Path, name: str) -> UpscaleTask:
    """The form's file, put into a job's folder, and what to do with it."""
    source = folder / SOURCE / name
    source.parent.mkdir()
    with source.open("wb") as file:
        shutil.copyfileobj(form.file.file, file)
    return UpscaleTask(
        source=f"{SOURCE}/{name}",
        model=form.model,
        scale=form.scale,
        ending=form.format or None,
        quality=form.quality,
        denoise=form.denoise,
        ensemble=form.ensemble,
    )


async def _wait(request: Request, jobs: JobQueue, job: WebJob) -> None:
    """Until a job is done; a client that goes away cancels it.

    Raises:
        HTTPException: there is no result.
    """
    while not job.over:
        if await request.is_disconnected():
            jobs.cancel(job)
        await asyncio.sleep(_LOOK)
    if job.failure is not None:
        raise HTTPException(_STATUS[job.failure.fault], job.failure.message)
    if job.state != "done":
        raise HTTPException(503, "the job was cancelled; send it again")


class _ResultResponse(FileResponse):
    """The file of a job, which is removed once it is sent, or the client has gone."""

    def __init__(self, jobs: JobQueue, job: WebJob) -> None:
        done: UpscaleTaskResult = job.result
        path = job.folder / done.file
        super().__init__(path, filename=path.name)
        self.headers["x-hatsr-model"] = done.model
        self.headers["x-hatsr-notes"] = done.notes.encode("ascii", "replace").decode()
        self.jobs, self.job = jobs, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.jobs.forget(self.job)


class _Elsewhere:
    """Answers what no address of the API does; else the page would, which knows none of them.

    Args:
        routes: of the API.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so.

        Raises:
            HTTPException: always.
        """
        path, method = scope["path"], scope["method"]
        for route in self.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.PARTIAL:
                allowed = ", ".join(sorted(route.methods or ()))
                message = f"method of {path} must be {allowed}, got {method}"
                raise HTTPException(405, message, {"allow": allowed})
        raise HTTPException(404, f"there is no {path} here; /api/ says what there is")


def close_api(app: FastAPI, api: APIRouter) -> None:
    """Add what answers where there is nothing under ``/api``, after everything else there."""
    elsewhere = _Elsewhere((*app.routes, *api.routes))
    app.router.routes.append(Route("/api/{path:path}", elsewhere))


def answer_errors(app: FastAPI) -> None:
    """Answer what goes wrong under ``/api`` as JSON with the command line's message."""

    @app.exception_handler(BusyError)
    def busy(request: Request, error: BusyError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 429, {"retry-after": "60"})

    @app.exception_handler(OSError)
    def no_disk(request: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"error": f"{error.strerror or error}; try again later"}, 503)

    @app.exception_handler(HTTPException)
    def failed(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    def wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        if name in ("file", "body"):
            return JSONResponse({"error": _NO_FILE}, 400)
        return JSONResponse({"error": f"{name}: {first['msg']}, got {first['input']!r}"}, 422)
