"""Uploads of the page: as many and as large as the limits allow, each for its own browser."""

# Annotations are not postponed: FastAPI reads the types of these functions.

import asyncio
import shutil

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from hatsr.apps.web.access.addresses import UPLOAD, UPLOAD_PROGRESS
from hatsr.apps.web.access.bodies import too_large
from hatsr.apps.web.access.ownership import COOKIE, Ownership
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.queue.temporary_folders import safe_name


def add_uploads(app: FastAPI, ownership: Ownership, limits: Limits) -> None:
    """Receive the page's uploads; Gradio would know no owners and keep files that broke off."""

    @app.post(UPLOAD, include_in_schema=False)
    async def upload(request: Request) -> JSONResponse:
        owner = request.cookies.get(COOKIE, "")
        if not owner:
            raise HTTPException(403, "the page needs its cookie; allow cookies and load it again")
        most = limits.waiting_per_user
        async with request.form(max_files=most, max_fields=10, max_part_size=1000) as form:
            files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
            if any((file.size or 0) > limits.upload_bytes for file in files):
                raise HTTPException(413, too_large(limits.upload_bytes))
            paths = [await asyncio.to_thread(_keep, file, owner, ownership) for file in files]
        await asyncio.to_thread(ownership.remove_oldest)
        return JSONResponse(paths)

    @app.get(UPLOAD_PROGRESS, include_in_schema=False)
    def progress() -> Response:
        """Gradio's page asks how far an upload is; it is told at once that it is done."""
        return Response('data: {"msg": "done"}\n\n', media_type="text/event-stream")


def _keep(file: UploadFile, owner: str, ownership: Ownership) -> str:
    """Write a file where its owner can read it."""
    target = ownership.place(owner, safe_name(file.filename or ""))
    try:
        with target.open("wb") as copy:
            shutil.copyfileobj(file.file, copy)
    except OSError:
        ownership.remove(target)
        raise
    return str(target)
