"""What stands before every request: who may ask, for what, and how much may be sent."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hatsr.apps.web.access import addresses
from hatsr.apps.web.access.bodies import ENVELOPE, RequestBody, UploadedBytes, too_large
from hatsr.apps.web.access.ownership import COOKIE, Ownership
from hatsr.apps.web.limits import Limits

LOCAL = ("127.0.0.1", "localhost", "::1")
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
_WRONG_PASSWORD_PAUSE = 0.5
"""How long a wrong password waits for its answer, seconds."""


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


class AccessMiddleware:
    """An application with everything before it that keeps it safe.

    Args:
        app: what answers.
        access: who may ask.
        limits: of uploads.
        ownership: of files.
    """

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, ownership: Ownership) -> None:
        self.app, self.access, self.limits, self.ownership = app, access, limits, ownership
        self._intake = UploadedBytes(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            if refusal.status_code == 401:
                await asyncio.sleep(_WRONG_PASSWORD_PAUSE)
            await refusal(scope, receive, send)
            return
        most = addresses.max_bytes(scope["path"], self.limits)
        body = RequestBody(receive, self._intake, most)
        try:
            await self._let_in(request, body, send)
        finally:
            body.close()

    async def _let_in(self, request: Request, body: RequestBody, send: Send) -> None:
        """Answer a request whose head may pass."""
        browser = request.cookies.get(COOKIE, "")
        path = request.scope["path"]
        new = "" if browser or path != "/" else secrets.token_urlsafe(16)
        app = self.app
        if addresses.is_event(path):
            try:
                self.ownership.check_event(browser, await body.read())
            except ValueError as error:
                app = _refuse(403, str(error))
            except HTTPException as error:
                app = _refuse(error.status_code, error.detail)
        await app(request.scope, body, _Answer(send, new))

    def _refusal(self, request: Request) -> JSONResponse | None:
        """The answer to a request that is not let in."""
        path = request.scope["path"]  # as the application sees it
        browser = request.cookies.get(COOKIE, "")
        if self.access.host in LOCAL and _host(request) not in LOCAL:
            return _refuse(403, f"host must be {', '.join(LOCAL)}, got {_host(request)}")
        if not self._knows_password(request):
            return _refuse(401, "the password is wrong or missing")
        if not _from_own_page(request):
            return _refuse(403, "requests must not come from the page of another site")
        if not addresses.is_known(path):
            return _refuse(404, f"there is no {path} here")
        most = addresses.max_bytes(path, self.limits)
        if int(request.headers.get("content-length") or 0) > most:
            return _refuse(413, too_large(most - ENVELOPE))
        file = path.removeprefix(addresses.FILE)
        if file != path and not self.ownership.may_read(browser, file):
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


class _Answer:
    """What is sent to a client, with the headers of every answer."""

    def __init__(self, send: Send, new_browser: str) -> None:
        self.send, self.new_browser = send, new_browser

    async def __call__(self, message: Message) -> None:
        """Send the next part."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if self.new_browser:
                headers.append(
                    "set-cookie", f"{COOKIE}={self.new_browser}; Path=/; HttpOnly; SameSite=Strict"
                )
        await self.send(message)


def _refuse(status: int, message: str) -> JSONResponse:
    headers = dict(_HEADERS)
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="hatsr", charset="UTF-8"'
    return JSONResponse({"error": message}, status, headers)


def _host(request: Request) -> str:
    """The host that a request names, without its port: another site's name may lead here."""
    return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""


def _from_own_page(request: Request) -> bool:
    """Whether a request that a page makes comes from ours; programs name no page."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
