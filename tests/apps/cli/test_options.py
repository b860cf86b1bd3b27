from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hatsr.apps.cli import cli
from hatsr.apps.cli.options import PathType, gathered

TEXTS = {"preset", "overrides", "changes", "ending", "device", "against", "existing", "size"}
"""Parameters that are plain texts, and no path even by chance."""
SHARED = ("--model", "--output", "--data", "--data-root", "--memory", "--device", "--json")


def parameters(group: click.Group = cli, path: str = "hatsr") -> list[tuple[str, click.Parameter]]:
    """Every parameter of every command."""
    ctx, found = click.Context(group), []
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            found += parameters(command, f"{path} {name}")
        elif command is not None:
            found += [(f"{path} {name}", each) for each in command.params]
    return found


@pytest.mark.parametrize(
    ("command", "parameter"), parameters(), ids=lambda each: getattr(each, "name", each)
)
def test_an_empty_path_is_wrong_usage(command: str, parameter: click.Parameter) -> None:
    kind = parameter.type
    if isinstance(kind, click.Path):
        assert isinstance(kind, PathType)
        with pytest.raises(click.BadParameter, match="a path must not be empty"):
            kind.convert("", parameter, None)
    elif isinstance(kind, type(click.STRING)):
        assert parameter.name in TEXTS


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", ""],
        ["upscale", "a.png", "-o", ""],
        ["evaluate", "-m", ""],
        ["evaluate", "-m", "bicubic", "--data-root", ""],
        ["compare", "bicubic", ""],
        ["info", ""],
        ["data", "prepare", "", "-o", "out"],
        ["train", ""],
        ["finetune", "", "--from", "hat-t-x4"],
    ],
)
def test_an_empty_path_on_the_command_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, arguments)
    assert (done.exit_code, "a path must not be empty" in done.output) == (2, True), done.output
    assert not list(tmp_path.iterdir())


def test_shared_options_are_spelled_the_same() -> None:
    spellings: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for _, parameter in parameters():
        for spelling in parameter.opts:
            spellings[spelling].add(tuple(sorted(parameter.opts)))
    for name in SHARED:
        assert len(spellings[name]) == 1, spellings[name]
    assert spellings["-m"] == spellings["--model"]
    assert spellings["-o"] == spellings["--output"]
    assert "--out" not in spellings


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate", "-m", "bicubic", "-o", "table.html"],
        ["compare", "bicubic", "bicubic", "-o", "page.pdf"],
        ["data", "prepare", "in", "-o", "big.png"],
        ["train", "hat-x2", "--runs", "runs.json"],
    ],
)
def test_a_folder_is_not_made_under_the_name_of_a_file(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "output must be a folder, got" in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", "a.png", "--memory", "4"],
        ["lam", __file__, "--patch", "0", "0", "--memory", "4"],
        ["lam-sweep", __file__, "-o", "rows.jsonl", "--memory", "4"],
        ["evaluate", "-m", "bicubic", "--memory", "4"],
        ["compare", "bicubic", "bicubic", "--memory", "4"],
    ],
)
def test_a_size_means_the_same_everywhere(arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert "memory must be at least 1MB, got 4" in done.output
    assert "did you mean 4GB?" in done.output


@dataclass(frozen=True, slots=True)
class Meal:
    dish: str
    portions: int


@click.command()
@gathered(
    Meal,
    "meal",
    click.option("--dish", default="soup", help="What."),
    click.option("--portions", default=2, help="How much."),
)
@click.option("--spicy", is_flag=True)
def cook(meal: Meal, spicy: bool) -> None:
    click.echo(f"{meal} {spicy}")


def test_gathered_options_are_one_object() -> None:
    done = CliRunner().invoke(cook, ["--portions", "3", "--spicy"])
    assert done.output == "Meal(dish='soup', portions=3) True\n"


def test_gathered_options_stand_in_the_help_in_their_order() -> None:
    assert [each.name for each in cook.params] == ["dish", "portions", "spicy"]
