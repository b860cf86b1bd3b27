"""The addresses that the service has; what is not named here stays closed."""

from hatsr.apps.web.access.bodies import ENVELOPE
from hatsr.apps.web.limits import Limits

FILE = "/gradio_api/file="
UPLOAD = "/gradio_api/upload"
ENLARGE = "/api/upscale"
UPLOAD_PROGRESS = "/gradio_api/upload_progress"
_EVENTS = ("/gradio_api/queue/join", "/gradio_api/run/")
_PAGES = (
    "/", "/api", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt",
    UPLOAD, UPLOAD_PROGRESS,
)  # fmt: skip
_FOLDERS = (
    "/api/", "/assets/", "/static/", "/svelte/", FILE, *_EVENTS, "/gradio_api/queue/data",
    "/gradio_api/heartbeat/", "/gradio_api/info", "/gradio_api/cancel", "/gradio_api/reset",
    "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/app_id",
    "/gradio_api/user", "/gradio_api/login_check",
)  # fmt: skip
"""Gradio's other addresses (its proxy among them) are not needed."""
_EVENT_BYTES = 10**6


def is_known(path: str) -> bool:
    """Whether there is anything at an address."""
    return path in _PAGES or path.startswith(_FOLDERS)


def is_event(path: str) -> bool:
    """Whether requests to an address are Gradio's events, such as a click on the page."""
    return path.startswith(_EVENTS)


def max_bytes(path: str, limits: Limits) -> int:
    """Bytes that a request to an address may have at most."""
    if path == UPLOAD:
        return limits.request_bytes + ENVELOPE
    return (limits.upload_bytes if path == ENLARGE else _EVENT_BYTES) + ENVELOPE
