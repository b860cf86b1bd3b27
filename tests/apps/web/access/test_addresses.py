"""Which addresses there are, and how much each may be sent."""

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed: make test-web")

from hatsr.apps.web.access.addresses import is_event, is_known, max_bytes
from hatsr.apps.web.limits import Limits

pytestmark = pytest.mark.web


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/", True),
        ("/api", True),
        ("/api/upscale", True),
        ("/assets/index.js", True),
        ("/gradio_api/upload", True),
        ("/gradio_api/file=/tmp/a.png", True),
        ("/gradio_api/queue/join", True),
        ("", False),
        ("/apis", False),
        ("/docs", False),
        ("/openapi.json", False),
        ("/gradio_api/upload/", False),
        ("/gradio_api/proxy=http://127.0.0.1/", False),
        ("/gradio_api/runs", False),
        ("//api/upscale", False),
    ],
)
def test_what_is_not_named_stays_closed(path: str, known: bool) -> None:
    assert is_known(path) is known


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/gradio_api/queue/join", True),
        ("/gradio_api/run/predict", True),
        ("/gradio_api/queue/data", False),
        ("/gradio_api/upload", False),
        ("/api/upscale", False),
    ],
)
def test_events_are_what_names_files(path: str, event: bool) -> None:
    assert is_event(path) is event


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("/gradio_api/upload", 20 * 10**6),  # ten files, as long as they fit onto the disk
        ("/api/upscale", 2 * 10**6),
        ("/gradio_api/queue/join", 10**6),
        ("/", 10**6),
    ],
)
def test_a_request_carries_files_and_an_envelope(path: str, files: int) -> None:
    limits = Limits(memory=4 * 10**9, upload_bytes=2 * 10**6)
    assert max_bytes(path, limits) == files + 2**16
    little = Limits(memory=4 * 10**9, upload_bytes=2 * 10**6, kept_bytes=3 * 10**6)
    assert max_bytes(path, little) == min(files, 3 * 10**6) + 2**16
