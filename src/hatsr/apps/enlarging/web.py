"""`hatsr web`: the page and the service."""

from importlib.util import find_spec
from pathlib import Path

import click

from hatsr.apps.cli.exit_codes import Command, failed_work, stop_when_terminated, wrong_usage
from hatsr.apps.cli.options import FOLDER, NAME, SizeType, memory_option

_NEEDED = ("gradio", "fastapi", "python_multipart", "uvicorn")


@click.command(cls=Command)
@click.option(
    "--host",
    type=NAME,
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; local by default.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Port to listen on; 0: any that is free.",
)
@click.option(
    "--models", type=FOLDER, metavar="DIR", help="Checkpoints to choose from beside shipped ones."
)
@memory_option(" of server and worker together. Default: 60 % of what is free.")
@click.option(
    "--password",
    type=NAME,
    metavar="TEXT",
    envvar="HATSR_WEB_PASSWORD",
    help="Must be given by everyone, under any user name. Default: $HATSR_WEB_PASSWORD.",
)
@click.option(
    "--open", "open_to_all", is_flag=True, help="Allow another --host without a --password."
)
@click.option(
    "--max-upload",
    type=SizeType(),
    metavar="SIZE",
    default="100MB",
    show_default=True,
    help="Largest file to take.",
)
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    metavar="N",
    default=50_000_000,
    show_default=True,
    help="Largest height x width of a picture.",
)
@click.option(
    "--max-queue",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Most jobs that wait; one user may have half of them.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(1),
    default=3600,
    show_default=True,
    help="Longest time for one job, from its start.",
)
def web(  # noqa: PLR0913  one parameter for each option
    host: str,
    port: int,
    models: Path | None,
    memory: str | None,
    password: str | None,
    open_to_all: bool,
    max_upload: str,
    max_pixels: int,
    max_queue: int,
    max_seconds: float,
) -> None:
    """Serve a page that enlarges, explains and compares, and an API for programs.

    Open the printed address in a browser; nothing is asked of any other machine. The API is
    described at /api/.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"the page needs {', '.join(missing)}, not installed: pip install 'hat-sr[web]'"
        )
    from hatsr.apps.web.access.middleware import Access
    from hatsr.apps.web.app import serve
    from hatsr.apps.web.limits import Limits, default_memory
    from hatsr.inference.tiling.memory import parse_bytes

    with wrong_usage():
        access = Access(host=host, password=password or "", open_to_all=open_to_all)
        limits = Limits(
            memory=parse_bytes(memory) if memory else default_memory(),
            upload_bytes=parse_bytes(max_upload),
            pixels=max_pixels,
            waiting=max_queue,
            waiting_per_user=max(1, max_queue // 2),
            seconds=max_seconds,
        )
    stop_when_terminated()  # what the server does once it has let go
    with failed_work(RuntimeError):
        serve(access, port, models, limits, click.echo)
