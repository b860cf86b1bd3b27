"""What stands before every request: who may ask, for what, and how much may be sent."""

import asyncio
import base64
import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hatsr.apps.web.limits import Limits
from hatsr.apps.web.ownership import Ownership

COOKIE = "hatsr_browser"
"""Holds a random name of the browser, which owns its uploads and results."""
LOCAL = ("127.0.0.1", "localhost", "::1")
_FILE, _UPLOAD = "/gradio_api/file=", "/gradio_api/upload"
_PAGES = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt")
_FOLDERS = (
    "/api/", "/assets/", "/static/", "/svelte/", _FILE, _UPLOAD, "/gradio_api/queue/",
    "/gradio_api/heartbeat/", "/gradio_api/info", "/gradio_api/run/", "/gradio_api/cancel",
    "/gradio_api/reset",
    "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/app_id",
    "/gradio_api/user", "/gradio_api/login_check",
)  # fmt: skip
"""What there is; Gradio's other addresses (its proxy among them) stay closed."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
"""The browser asks no other host, whatever the page says."""
_ENVELOPE = 64 * 1024
"""Bytes of a request around the file that it carries."""
_WRONG_PASSWORD_PAUSE = 0.5
"""Seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who may use the service."""

    host: str = "127.0.0.1"
    """The address that it listens on."""
    password: str = ""
    """Asked of everyone, under any user name; empty: of nobody."""
    open_to_all: bool = False
    """Without a password, on any host."""

    def __post_init__(self) -> None:
        if self.host not in LOCAL and not self.password and not self.open_to_all:
            raise ValueError(
                f"host must be 127.0.0.1 without a password, got {self.host}, which other machines "
                "reach; give --password, or --open to let everyone in"
            )


class Guard:
    """An application with everything before it that keeps it safe.

    Args:
        app: what answers.
        access: who may ask.
        limits: of uploads.
        ownership: of files.
    """

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, ownership: Ownership) -> None:
        self.app, self.access, self.limits, self.ownership = app, access, limits, ownership

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        request = Request(scope)
        browser = request.cookies.get(COOKIE, "")
        refusal = self._refusal(request, browser)
        if refusal is not None:
            if refusal.status_code == 401:
                await asyncio.sleep(_WRONG_PASSWORD_PAUSE)
            await refusal(scope, receive, send)
            return
        new = "" if browser or request.url.path != "/" else secrets.token_urlsafe(16)
        answer = _Answer(send, new)
        body = _Body(receive, self.limits)
        await self.app(scope, body, answer)
        if request.url.path == _UPLOAD and browser and answer.status == 200:
            self.ownership.record(browser, json.loads(answer.start_of_body))

    def _refusal(self, request: Request, browser: str) -> JSONResponse | None:
        """The answer to a request that is not let in."""
        path, limit = request.url.path, self.limits.upload_bytes
        if self.access.host in LOCAL and _host(request) not in LOCAL:
            return _refuse(403, f"host must be {', '.join(LOCAL)}, got {_host(request)}")
        if not self._knows_password(request):
            return _refuse(401, "the password is wrong or missing")
        if not _from_own_page(request):
            return _refuse(403, "requests must not come from the page of another site")
        if path not in _PAGES and not path.startswith(_FOLDERS):
            return _refuse(404, f"there is no {path} here")
        if int(request.headers.get("content-length") or 0) > limit + _ENVELOPE:
            return _refuse(413, _too_large(limit))
        if path.startswith(_FILE) and not self.ownership.may_read(browser, path[len(_FILE) :]):
            return _refuse(404, "there is no such file of yours here")
        return None

    def _knows_password(self, request: Request) -> bool:
        if not self.access.password:
            return True
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(coded).partition(b":")[2]
        except ValueError:
            return False
        right = secrets.compare_digest(given, self.access.password.encode())
        return kind.lower() == "basic" and right


class _Body:
    """What a client sends, not too much and not too slowly."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self.receive, self.limits = receive, limits
        self.bytes, self.whole, self.begun = 0, False, time.monotonic()

    async def __call__(self) -> Message:
        """The next part."""
        if self.whole:  # only that the client goes away can come
            return await self.receive()
        left = self.begun + self.limits.upload_seconds - time.monotonic()
        try:
            message = await asyncio.wait_for(self.receive(), max(left, 0))
        except asyncio.TimeoutError:
            limit = self.limits.upload_seconds
            raise HTTPException(408, f"an upload must take at most {limit:g} s") from None
        self.bytes += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self.bytes > self.limits.upload_bytes + _ENVELOPE:
            raise HTTPException(413, _too_large(self.limits.upload_bytes))
        return message


class _Answer:
    """What is sent to a client, with the headers of every answer."""

    def __init__(self, send: Send, new_browser: str) -> None:
        self.send, self.new_browser = send, new_browser
        self.status, self.start_of_body = 0, b""

    async def __call__(self, message: Message) -> None:
        """Send the next part."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if self.new_browser:
                headers.append(
                    "set-cookie", f"{COOKIE}={self.new_browser}; Path=/; HttpOnly; SameSite=Strict"
                )
        elif len(self.start_of_body) < _ENVELOPE:
            self.start_of_body += message.get("body", b"")
        await self.send(message)


def _refuse(status: int, message: str) -> JSONResponse:
    headers = dict(_HEADERS)
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="hatsr", charset="UTF-8"'
    return JSONResponse({"error": message}, status, headers)


def _too_large(limit: int) -> str:
    return f"a file must have at most {limit / 1e6:g} MB; make it smaller"


def _host(request: Request) -> str:
    """The host that a request names, without its port: another site's name may lead here."""
    return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""


def _from_own_page(request: Request) -> bool:
    """Whether a request that a page makes comes from ours; programs name no page."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
