import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from hatsr.apps.cli import cli
from hatsr.apps.cli.main import COMMANDS


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, hatsr.apps.cli as c\n"
        "try: c.main()\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'PIL', 'rich'} & set(sys.modules), 'slow'"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
