"""What the site makes of other files: pages of notebooks, the help of commands, drawings in place.

A hook of MkDocs (mkdocs.yml). In docs/ a notebook is linked where it lies in the repository; on
the site the same link leads to its page. An SVG is put into its page and takes the page's colours.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
HELP = "<!-- help of every command -->"
LONGEST = 40
"""Lines of an output that are shown."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook."""
    for path in sorted((ROOT / "examples").glob("*.ipynb")):
        page = "\n\n".join(_cells(json.loads(path.read_text(encoding="utf-8"))))
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill in the help of the commands and the drawings, lead links to notebooks to their pages."""
    if HELP in markdown:
        markdown = markdown.replace(HELP, "\n\n".join(_commands(_program(), "hatsr")))
    folder = (ROOT / "docs" / page.file.src_uri).parent
    markdown = re.sub(r"!\[[^]]*\]\((\S+\.svg)\)", partial(_drawing, folder), markdown)
    return re.sub(r"\(\.\./examples/(\w+)\.ipynb\)", r"(notebooks/\1.md)", markdown)


def _drawing(folder: Path, link: re.Match[str]) -> str:
    drawing = (folder / link[1]).read_text(encoding="utf-8")
    without_blank_lines = re.sub(r"\n\s*\n", "\n", drawing)  # one of which would end the HTML
    return f'<div class="diagram">\n{without_blank_lines}</div>'


def _cells(notebook: dict[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
            continue
        yield f"```python\n{source}\n```"
        for output in cell["outputs"]:
            yield from _output(output)


def _output(output: dict[str, Any]) -> Iterator[str]:
    """What a cell printed or showed: a picture, else text."""
    data = output.get("data", {})
    if "image/png" in data:
        code = "".join(data["image/png"]).strip().replace("\n", "")
        yield f'<p class="output"><img alt="output" src="data:image/png;base64,{code}"></p>'
    else:
        lines = "".join(output.get("text", data.get("text/plain", ""))).rstrip().splitlines()
        more = ["..."] if len(lines) > LONGEST else []
        yield "\n".join(["```{ .text .output }", *lines[:LONGEST], *more, "```"])


def _program() -> click.Group:
    """The command `hatsr`, wherever it lives."""
    (entry,) = entry_points(group="console_scripts", name="hatsr")
    module = __import__(entry.module, fromlist=["cli"])
    return module.cli


def _commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[str]:
    """A heading and the help text of a command, then those of its subcommands."""
    context = command.make_context(name, [], parent, resilient_parsing=True)
    level = 1 + len(context.command_path.split())
    text = command.get_help(context)
    yield f"{'#' * level} {context.command_path}\n\n```text\n{text}\n```"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from _commands(found, each, context)
