"""Arguments and options that several commands share: declared once, spelled the same everywhere.

Nothing heavy is imported, so that help is instant.
"""

import os
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

Declared = TypeVar("Declared", bound=Callable[..., Any])
Option = Callable[[Declared], Declared]


def gathered(kind: type[Any], name: str, *options: Option[Any]) -> Option[Any]:
    """Several options as one declaration, given to the command as one object.

    Args:
        kind: a dataclass; each of its fields is the value of the option of that name.
        name: the parameter of the command that takes the object.
        options: in the order of the help.
    """

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def call(**values: Any) -> Any:
            own = {field.name: values.pop(field.name) for field in fields(kind)}
            return command(**values, **{name: kind(**own)})

        for option in reversed(options):
            call = option(call)
        return call

    return declare


class PathType(click.Path):
    """A path, or something that may be one (a model, a pattern); never empty.

    An empty text comes from a shell variable that is not set, and would mean the current folder.
    """

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Refuse an empty text, then check as `click.Path` does."""
        if not os.fspath(value):
            self.fail("a path must not be empty; is a shell variable not set?", param, ctx)
        return super().convert(value, param, ctx)


class NewFolderType(PathType):
    """A folder to write into; never a name that ends like a file's."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Refuse such a name, unless the folder is there."""
        path = super().convert(value, param, ctx)
        from hatsr.batch import check_folder_name

        try:
            check_folder_name(Path(os.fsdecode(path)))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return path


class SizeType(click.ParamType):
    """A size such as 4GB, of memory or of a file, checked before any work; it stays a text."""

    name = "size"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is no size, or too little to be meant."""
        from hatsr.inference.tiling.memory import parse_bytes

        try:
            parse_bytes(value, ((param and param.name) or "size").replace("_", " "))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


NAME = PathType(path_type=str)
"""A path or a name, such as those of models, recipes and sets."""
PATH = PathType(path_type=Path)
"""A path, whether something is there or not."""
FILE = PathType(path_type=Path, exists=True, dir_okay=False)
"""A file that is there."""
FOLDER = PathType(path_type=Path, exists=True, file_okay=False)
"""A folder that is there."""
NEW_FILE = PathType(path_type=Path, dir_okay=False)
"""A file to write."""
NEW_FOLDER = NewFolderType(path_type=Path, file_okay=False)
"""A folder to write into."""

_MODEL = "Shipped name, checkpoint file or folder, hf://owner/name/file"


def model_option(more: str = "") -> Option:
    """`-m/--model`, one network; `more` says what it takes beside the usual."""
    text = ", ".join(filter(None, (_MODEL, more)))
    return click.option("-m", "--model", type=NAME, metavar="NAME|PATH", help=f"{text}.")


def models_option(more: str) -> Option:
    """`-m/--model`, again for more networks; `more` says what it takes beside the usual."""
    return click.option(
        "-m",
        "--model",
        "models",
        type=NAME,
        multiple=True,
        metavar="NAME|PATH",
        help=f"{_MODEL}, {more}; again to compare. Default: that of hatsr models.",
    )


def output_option(
    help: str,  # noqa: A002
    metavar: str,
    type: click.ParamType,  # noqa: A002
    **how: Any,
) -> Option:
    """`-o/--output`, refused where nothing can be written; `how` is passed to click."""
    return click.option(
        *("-o", "--output", "output"),
        type=type,
        metavar=metavar,
        help=help,
        callback=_check_output_place,
        **how,
    )


def _check_output_place(
    context: click.Context, parameter: click.Parameter, output: Path | None
) -> Path | None:
    from hatsr.files import check_place

    if output is not None:
        try:
            check_place(output)
        except OSError as error:
            raise click.BadParameter(str(error)) from error
    return output


def data_options(command: Declared) -> Declared:
    """`--data` and `--data-root`, which name benchmark sets."""
    data = click.option(
        "--data",
        type=NAME,
        multiple=True,
        metavar="SET|DIR",
        help="Set5, Set14, BSD100, Urban100, Manga109 or a folder; again for more. "
        "Default: all five.",
    )
    root = click.option(
        "--data-root",
        type=PATH,
        envvar="HATSR_BENCH",
        metavar="DIR",
        help="Holds a folder for each set, HR inside. Default: $HATSR_BENCH.",
    )
    return data(root(command))


def memory_option(help: str) -> Option:  # noqa: A002
    """`--memory`, a budget."""
    return click.option(
        "--memory", type=SizeType(), metavar="SIZE", help=f"Memory budget such as 4GB{help}"
    )


device_option = click.option(
    "--device",
    metavar="DEVICE",
    default="auto",
    show_default=True,
    help="auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:1, mps ...",
)
denoise_option = click.option(
    "--denoise",
    type=click.FloatRange(0, 1),
    help="Between the weights for clean pictures (0) and the real-world ones (1); goes with -m of "
    "shipped weights that have both, or without -m.",
)
scale_option = click.option(
    "--scale",
    type=float,
    help="Factor, up to the model's own; smaller ones are reduced from it.",
)
ending_option = click.option(
    "--format",
    "ending",
    metavar="ENDING",
    help="png, jpg, webp, tif or avif; gif of animations; mp4, mov, mkv or webm of clips. "
    "Default: as the source.",
)
quality_option = click.option("--quality", type=int, help="1 to 100, for jpg, webp, avif, clips.")
tile_option = click.option(
    "--tile",
    type=int,
    metavar="PIXELS",
    help="Side of tiles in LR pixels. Default: the whole picture, or what fits.",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "fp16", "bf16", "int8"]),
    default="auto",
    show_default=True,
    help="auto: bf16 on CUDA devices that have it, and for pictures from 256 x 256 on CPUs with "
    "AVX512_BF16 if it costs less than 0.005 dB, else fp32. "
    "fp16 needs a GPU, bf16 a GPU or a CPU with AVX512_BF16 or AMX, int8 a CPU with VNNI; on "
    "a CPU both are refused if they cost over 0.05 dB.",
)
ensemble_option = click.option(
    "--ensemble", is_flag=True, help="Average over 8 flips and turns; 8 times slower."
)
first_frame_option = click.option(
    "--first-frame",
    is_flag=True,
    help="Of animations and documents of many pages, only the first.",
)
max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1),
    metavar="N",
    help="Largest height x width to read, if the usual limit is too low.",
)


def existing_options(command: Declared) -> Declared:
    """`--overwrite` and `--skip-existing`, given to the command as `existing`."""

    @wraps(command)
    def call(*, overwrite: bool, skip_existing: bool, **values: Any) -> Any:
        if overwrite and skip_existing:
            raise click.UsageError(
                "existing results must be replaced or left, got --overwrite and --skip-existing; "
                "give one of them"
            )
        existing = "overwrite" if overwrite else "skip" if skip_existing else None
        return command(**values, existing=existing)

    replace = click.option("--overwrite", is_flag=True, help="Replace existing results.")
    skip = click.option("--skip-existing", is_flag=True, help="Leave existing results.")
    return cast("Declared", replace(skip(call)))


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an existing file.")


def json_option(help: str = "Print JSON.") -> Option:  # noqa: A002
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)
