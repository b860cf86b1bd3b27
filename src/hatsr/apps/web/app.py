"""The service as one application: API, page, and everything before them that keeps them safe."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from hatsr import __version__
from hatsr.apps.web.access.connections import CONNECTIONS, HeadTimeoutProtocol
from hatsr.apps.web.access.middleware import LOCAL, Access, AccessMiddleware
from hatsr.apps.web.access.uploads import add_uploads
from hatsr.apps.web.api.api import answer_errors, close_api, make_api
from hatsr.apps.web.api.reference import add_reference
from hatsr.apps.web.limits import Limits
from hatsr.apps.web.service import Service, open_service


def make_app(service: Service, access: Access) -> ASGIApp:
    """The application that a server runs."""
    os.environ["GRADIO_TEMP_DIR"] = str(service.uploads)  # read when its components are made
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from hatsr.apps.web.page.page import mount_page

    app = FastAPI(
        title="hatsr",
        version=__version__,
        description="Enlarge pictures with the Hybrid Attention Transformer.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    answer_errors(app)
    api = make_api(service)
    app.include_router(api)
    add_reference(app)
    close_api(app, api)
    add_uploads(app, service.ownership, service.limits)
    return AccessMiddleware(mount_page(app, service), access, service.limits, service.ownership)


def serve(
    access: Access, port: int, models: Path | None, limits: Limits, say: Callable[[str], None]
) -> None:
    """Run the service until it is stopped.

    Args:
        access: who may use it, and where it listens.
        port: of TCP; 0: any that is free.
        models: folder of checkpoints beside the shipped ones.
        limits: what it takes and keeps at most.
        say: told where it listens, and what was left out.

    Raises:
        OSError: the port is taken, or the host is none of this machine's.
        RuntimeError: the worker does not start.
    """
    with _listen(access.host, port) as listener:
        service = open_service(limits, models)
        try:
            for remark in service.ready.remarks:
                say(remark)
            server = uvicorn.Server(_config(make_app(service, access)))
            shown = f"[{access.host}]" if ":" in access.host else access.host
            say(f"http://{shown}:{listener.getsockname()[1]}/  (Ctrl-C stops)")
            if access.host not in LOCAL and not access.password:
                say("everyone who reaches this machine may use it: there is no password")
            server.run(sockets=[listener])
        finally:
            service.close()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=HeadTimeoutProtocol,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=2,
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that waits for clients."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # who comes before the server is ready waits
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise OSError(f"cannot listen on {host}, port {port}: {reason}; try --port") from error
    return listener
