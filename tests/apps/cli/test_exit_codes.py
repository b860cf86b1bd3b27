import click
import pytest
from click.testing import CliRunner, Result

from hatsr.apps.cli import cli
from hatsr.apps.cli.exit_codes import Command, failed_work, wrong_usage
from hatsr.apps.cli.main import COMMANDS, Commands


def call(error: BaseException, *, asked_for: bool = False, more: tuple = ()) -> Result:
    """Run a command in which something goes wrong, in what was asked for or in the work."""

    @click.command(cls=Command)
    def command() -> None:
        if asked_for:
            with wrong_usage():
                raise error
        with failed_work(*more):
            raise error

    return CliRunner().invoke(command)


@pytest.mark.parametrize("error", [ValueError("bad"), OSError("bad"), FileNotFoundError(2, "bad")])
def test_wrong_usage_and_failed_work(error: Exception) -> None:
    wrong, failed = call(error, asked_for=True), call(error)
    assert (wrong.exit_code, "bad" in wrong.stderr, "Usage:" in wrong.stderr) == (2, True, True)
    assert (failed.exit_code, "Usage:" in failed.stderr) == (1, False)
    assert failed.stderr == f"Error: {error}\n"


def test_a_lack_of_memory_is_failed_work_whenever_it_comes() -> None:
    assert call(MemoryError(), asked_for=True).exit_code == 1
    assert "MemoryError" in call(MemoryError()).stderr


def test_ctrl_c() -> None:
    stopped = call(KeyboardInterrupt())
    assert (stopped.exit_code, stopped.stderr) == (130, "Error: stopped\n")


def test_ctrl_c_while_a_command_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Commands, "get_command", press)
    stopped = CliRunner().invoke(cli, ["models"])
    assert (stopped.exit_code, stopped.stderr) == (130, "Error: stopped\n")


def test_what_a_user_cannot_mend_keeps_its_traceback() -> None:
    assert isinstance(call(RuntimeError("bug")).exception, RuntimeError)
    named = call(RuntimeError("known"), more=(RuntimeError,))
    assert (named.exit_code, named.stderr) == (1, "Error: known\n")


def commands(group: click.Group) -> list[click.Command]:
    """All commands, those of groups inside too."""
    ctx = click.Context(group)
    found = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    inside = [each for one in found if isinstance(one, click.Group) for each in commands(one)]
    return [
        each for each in found if each is not None and not isinstance(each, click.Group)
    ] + inside


def test_every_command_follows_the_policy() -> None:
    assert len(commands(cli)) > len(COMMANDS)
    assert all(isinstance(command, Command) for command in commands(cli))
