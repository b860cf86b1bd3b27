"""`hatsr upscale`: files in, enlarged files out."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from hatsr.apps.errors import Command, wrong_usage

if TYPE_CHECKING:
    from hatsr.inference.batch import Outcome


@click.command(cls=Command)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    "place",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="File for one picture, else folder. Default: beside the picture.",
)
@click.option(
    "--model",
    default=None,
    metavar="NAME|PATH",
    help="Shipped name, checkpoint file or folder, hf://owner/name/file.",
)
@click.option(
    "--scale",
    type=float,
    default=None,
    help="Factor, up to the model's own; smaller ones are reduced from it.",
)
@click.option(
    "--format",
    "ending",
    default=None,
    metavar="ENDING",
    help="png, jpg, webp, tif or avif. Default: as the source.",
)
@click.option("--quality", type=int, default=None, help="1 to 100, for jpg, webp, avif.")
@click.option(
    "--memory",
    default=None,
    metavar="SIZE",
    help="Budget such as 4GB. Default: 60 % of what is free.",
)
@click.option(
    "--tile",
    type=int,
    default=None,
    metavar="PIXELS",
    help="Side of tiles in LR pixels. Default: the whole picture, or what fits.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "bf16", "int8"]),
    default="fp32",
    show_default=True,
    help="fp16 and bf16 need a GPU, int8 a CPU with VNNI; it is refused if it costs over 0.05 dB.",
)
@click.option("--ensemble", is_flag=True, help="Average over 8 flips and turns; 8 times slower.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps ...")
@click.option("--overwrite", "existing", flag_value="overwrite", help="Replace existing results.")
@click.option("--skip-existing", "existing", flag_value="skip", help="Leave existing results.")
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=None,
    metavar="N",
    help="Largest height x width to read, if the usual limit is too low.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of what was done.")
def upscale(**options: Any) -> None:
    """Enlarge pictures: files, folders or patterns.

    Reads PNG, JPEG, WebP, TIFF, AVIF, BMP, GIF. Depth, gray, transparency, colour profile, EXIF
    and resolution are kept. A picture that cannot be read is reported and the others are done.
    Results of earlier runs (a_x4.png beside a.png) are left out.

    Exit code: 0 all done, 1 some failed, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    from hatsr import checkpoint, image
    from hatsr.inference.batch import Output, check_output, find_pictures, upscale_files
    from hatsr.inference.opening import open_model
    from hatsr.inference.settings import Settings

    signal.signal(signal.SIGTERM, _interrupt)
    names = ("device", "precision", "memory", "tile", "ensemble", "scale")
    with wrong_usage():
        model = options["model"] or checkpoint.default_model(options["scale"])
        upscaler = open_model(model, Settings(**{name: options[name] for name in names}))
    ending = options["ending"] and f".{options['ending'].lower().lstrip('.')}"
    output = Output(
        place=options["place"],
        ending=ending,
        quality=options["quality"],
        existing=options["existing"] or "refuse",
    )
    sources = find_pictures(options["inputs"], f"_x{upscaler.factor:g}")
    if not sources:
        raise click.UsageError(f"no pictures in {', '.join(options['inputs'])}")
    with wrong_usage():
        check_output(output, len(sources))
    outcomes: list[Outcome] = []
    stopped = None
    with _Bars(sources, quiet=options["as_json"]) as bars:
        try:
            limit = options["max_pixels"] or image.MAX_PIXELS
            for outcome in upscale_files(upscaler, sources, output, bars.tell, limit):
                outcomes.append(outcome)
                bars.report(outcome)
        except (KeyboardInterrupt, OSError) as error:
            stopped = error
    if options["as_json"]:
        click.echo(json.dumps([asdict(outcome) for outcome in outcomes], default=str, indent=2))
    sys.exit(_summary(outcomes, len(sources), stopped))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A polite kill stops like Ctrl-C: nothing half-written stays."""
    raise KeyboardInterrupt


class _Bars:
    """Progress of the picture under way and, for several, of all; results as lines above."""

    def __init__(self, sources: list[Path], quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        self.console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self.progress = Progress(*columns, console=self.console, transient=True)
        self.sizes = {path: _bytes(path) for path in sources}
        total, visible = sum(self.sizes.values()), len(sources) > 1
        self.all = self.progress.add_task("all pictures", total=total, visible=visible)
        self.one = self.progress.add_task("", total=1.0, visible=False)
        self.current, self.done = Path(), 0

    def __enter__(self) -> "_Bars":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def tell(self, source: Path, fraction: float) -> None:
        """A picture has come so far."""
        if source != self.current:
            self.current = source
            self.progress.reset(self.one, description=source.name, visible=True)
        self.progress.update(self.one, completed=fraction)
        self.progress.update(self.all, completed=self.done + fraction * self.sizes[source])

    def report(self, outcome: "Outcome") -> None:
        """A picture is done, in one way or another."""
        self.done += self.sizes[outcome.source]
        self.progress.update(self.all, completed=self.done)
        self.progress.update(self.one, visible=False)
        self.console.print(_line(outcome), markup=False)


def _bytes(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


def _line(outcome: "Outcome") -> str:
    """One picture's result in words."""
    if outcome.status == "failed":
        told = outcome.message.removeprefix(f"{outcome.source}: ")
        return f"FAILED {outcome.source}: {told}"
    if outcome.lr_size is None or outcome.sr_size is None:
        return f"skipped {outcome.source}: {outcome.target} {outcome.message}"
    (h, w), (sr_h, sr_w) = outcome.lr_size, outcome.sr_size
    note = f" ({outcome.message})" if outcome.message else ""
    return (
        f"{outcome.source} {w} x {h} -> {outcome.target} {sr_w} x {sr_h} "
        f"in {outcome.seconds:.1f} s{note}"
    )


def _summary(outcomes: "list[Outcome]", total: int, stopped: BaseException | None) -> int:
    """Say how it went; returns the exit code."""
    counts = {
        name: sum(o.status == name for o in outcomes) for name in ("done", "skipped", "failed")
    }
    if stopped is not None:
        reason = str(stopped) or "stopped"
        click.echo(
            f"{reason}; {counts['done']} of {total} pictures done, no half file left; "
            "--skip-existing goes on from here",
            err=True,
        )
        return 130 if isinstance(stopped, KeyboardInterrupt) else 1
    if total > 1:
        click.echo(", ".join(f"{n} {name}" for name, n in counts.items() if n), err=True)
    return 1 if counts["failed"] else 0
