"""The figures of attribution: what they can be written as, asked before a long computation.

Drawing, in the files beside this one, needs the extra ``hat-sr[figures]``.
"""

from importlib.util import find_spec
from pathlib import Path

FORMATS = (".png", ".svg", ".pdf")
"""Endings of figure files."""


def check_figure_file(path: Path) -> None:
    """Raise ValueError unless a figure can be written there."""
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"a figure must end in {', '.join(FORMATS)}, got {path.name}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"the figure's folder must exist, got {path.parent}")
    if find_spec("matplotlib") is None:
        raise ValueError(
            "figures must be drawn by matplotlib, got an installation without it; "
            "pip install 'hat-sr[figures]', or leave the figure out (numbers do not need it)"
        )
