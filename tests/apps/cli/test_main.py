import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hatsr.apps.cli import cli
from hatsr.apps.cli.main import COMMANDS


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


COMPILER = {"torch._dynamo", "torch._inductor", "sympy"}
"""What PyTorch loads for its compiler, in a second or two."""


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], {"torch", "numpy", "PIL", "rich", "safetensors"}),
        (["upscale", "--help"], {"torch", "numpy", "PIL", "rich", "safetensors"}),
        (["models"], {"torch", "numpy", "PIL", "rich", "hatsr.image", "hatsr.model"}),
        (["info"], {"PIL", *COMPILER}),
        (["upscale", "lr.png"], {*COMPILER, "torch.distributed.fsdp", "hatsr.evaluation"}),
    ],
    ids=" ".join,
)
def test_commands_leave_alone_what_they_do_not_need(
    arguments: list[str], heavy: set[str], tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "lr.png")
    code = (
        "import sys, hatsr.apps.cli as c\n"
        "try: c.main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"found = {heavy} & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
