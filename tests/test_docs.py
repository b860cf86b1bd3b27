"""What documents say is there: commands, options, files, names, messages."""

import ast
import importlib
import json
import re
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
import yaml

import hatsr
from hatsr.training.recipe import read_recipe

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TODAY = [path for path in PAGES if path.name != "CHANGELOG.md"]
"""Pages that speak of what is there now; a changelog also names what was."""
NOTEBOOKS = sorted(ROOT.glob("examples/*.ipynb"))
FENCE = re.compile(r"^( *)```(\w+).*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")


def fences(text: str, language: str) -> list[str]:
    return [textwrap.dedent(code) for _, kind, code in FENCE.findall(text) if kind == language]


def spans(text: str) -> list[str]:
    return SPAN.findall(FENCE.sub("", text))


def cells(notebook: Path, kind: str) -> list[str]:
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def shell_lines(path: Path) -> Iterator[str]:
    """Every line that a reader could type, of a page or a notebook."""
    if path.suffix == ".ipynb":
        for cell in cells(path, "code"):
            yield from re.sub(r"\\\n", " ", cell).replace("!hatsr", "hatsr").splitlines()
        text = "\n\n".join(cells(path, "markdown"))
    else:
        text = path.read_text(encoding="utf-8")
    for block in fences(text, "sh"):
        yield from block.splitlines()
    yield from spans(text)


def words_of(line: str, program: str) -> list[str] | None:
    """The arguments of one call, if the line is a call of the program."""
    if not line.startswith(f"{program} "):
        return None
    call = re.split(r" [|;&>]| #", line)[0].rstrip(".")
    return shlex.split(call)[1:]


@cache
def hatsr_command() -> click.Group:
    (entry,) = entry_points(group="console_scripts", name="hatsr")
    return importlib.import_module(entry.module).cli


def find(words: list[str]) -> click.Command:
    """The command that the first words name."""
    command: click.Command = hatsr_command()
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"there is no command hatsr {word}"
        command = found
    return command


def options(command: click.Command) -> set[str]:
    named = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return named | {"-h", "--help", "--version"}


def all_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from all_commands(found)


@pytest.mark.parametrize("path", [*TODAY, *NOTEBOOKS], ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_options_exist(path: Path) -> None:
    for line in shell_lines(path):
        words = words_of(line, "hatsr")
        if words and "COMMAND" not in words:
            given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert given <= options(find(words)), line


@pytest.mark.parametrize("path", TODAY, ids=lambda p: str(p.relative_to(ROOT)))
def test_options_in_prose_exist(path: Path) -> None:
    known = set[str]().union(*map(options, all_commands(hatsr_command())))
    for span in spans(path.read_text(encoding="utf-8")):
        for name in re.findall(r"^--[a-z-]+|^-[a-z](?=/|$)|(?<=/)--[a-z-]+", span):
            assert name in known, span


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_resolve(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        target = "".join(link).split("#")[0]
        if target and not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_python_compiles_and_its_names_exist(path: Path) -> None:
    for code in fences(path.read_text(encoding="utf-8"), "python"):
        check_python(code, str(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_compile_and_their_names_exist(path: Path) -> None:
    for code in cells(path, "code"):
        if not code.startswith("%%"):
            plain = [line for line in code.splitlines() if line[:1] not in "!%"]
            check_python("\n".join(plain), str(path))


def check_python(code: str, name: str) -> None:
    for node in ast.walk(ast.parse(code, name)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hatsr"):
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                submodule = f"{module.__name__}.{alias.name}"
                assert hasattr(module, alias.name) or importlib.import_module(submodule)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.value.id != "hatsr" or hasattr(hatsr, node.attr), node.attr


@pytest.mark.parametrize("path", TODAY, ids=lambda p: str(p.relative_to(ROOT)))
def test_make_targets_and_scripts_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in shell_lines(path):
        for target in (words_of(line, "make") or [])[:1]:
            assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), line
        for script in (words_of(line, "python") or [])[:1]:
            assert script.startswith("-") or (ROOT / script).is_file(), line


def test_recipes_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs/train.md").read_text(encoding="utf-8")
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    recipes = fences(page, "yaml")
    assert recipes
    for text in recipes:
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        recipe = read_recipe(tmp_path / "mine.yaml")
        assert recipe.name == yaml.safe_load(text)["name"]


def test_messages_explained_are_those_of_the_code() -> None:
    """Terms of the troubleshooting page that are code are parts of messages."""
    sources = "\n".join(p.read_text("utf-8") for p in sorted(ROOT.glob("src/hatsr/**/*.py")))
    sources += (ROOT / "hatch_build.py").read_text("utf-8")
    joined = re.sub(r"\"\s*\n\s*f?\"", "", sources)
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(\S.*)\n: ", page, re.MULTILINE)
    assert len(terms) > 30
    for term in terms:
        for message in SPAN.findall(term):
            for part in message.split("..."):
                assert part in joined, message


def test_every_workplace_runs_the_same_commands() -> None:
    makes = re.findall(r"^make ([\w-]+)$", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    workflows = [yaml.safe_load(p.read_text("utf-8")) for p in ROOT.glob(".github/workflows/*.yml")]
    jobs = [job for workflow in workflows for job in workflow["jobs"].values()]
    runs = {step.get("run") for job in jobs for step in job["steps"]}
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert makes
    for target in makes:
        assert f"make {target}" in runs
        assert f"make {target} " in contributing


def test_pre_commit_runs_what_make_lint_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for entry in hooks:
        tool, *rest = entry.removeprefix(".venv/bin/").replace("format", "format --check").split()
        assert " ".join(["\t$(BIN)/" + tool, *rest]) in makefile, entry


def test_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == hatsr.__version__
    assert "2205.04437" in citation["preferred-citation"]["url"]


def test_type_hints_are_announced() -> None:
    assert (Path(hatsr.__file__).parent / "py.typed").is_file()


def test_the_files_of_the_ways_through_the_program_exist() -> None:
    text = (ROOT / "docs" / "follow.md").read_text(encoding="utf-8")
    ways = [re.findall(r"^\| `(\S+)` \|", way, re.MULTILINE) for way in text.split("\n## ")[1:]]
    assert len(ways) == 5
    assert max(map(len, ways)) <= 12
    missing = {file for files in ways for file in files} - {
        path.relative_to(ROOT / "src" / "hatsr").as_posix() for path in ROOT.rglob("src/**/*.py")
    }
    assert not missing
