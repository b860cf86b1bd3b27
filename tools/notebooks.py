"""Runs the notebooks of examples/ and keeps what they print and show.

python tools/notebooks.py [examples/enlarge.ipynb ...] [-o FOLDER]

With -o they run in a copy of examples/ there, and the originals stay as they are.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(EXAMPLES.glob("*.ipynb")))
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    # `!hatsr` in a notebook is that of this environment.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if options.out:
        shutil.copytree(EXAMPLES, options.out, ignore=shutil.ignore_patterns("out"))
    for path in options.notebooks:
        run(path if options.out is None else options.out / path.name)


def run(path: Path) -> None:
    """Run a notebook in its folder, and write it with its outputs."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    client = NotebookClient(
        notebook,
        timeout=300,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    for cell in notebook.cells:
        cell.metadata.clear()
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
