from pathlib import Path

from click.testing import CliRunner, Result

from hatsr import checkpoint
from hatsr.apps.cli import cli


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_convert_there_and_back(net: str, tmp_path: Path) -> None:
    official, back = str(tmp_path / "official.pth"), str(tmp_path / "back.safetensors")
    assert call("convert", net, official, "--layout", "official").exit_code == 0
    assert call("convert", official, back).exit_code == 0
    one, two = checkpoint.read(net), checkpoint.read(back)
    assert all((one.tensors[k] == v).all() for k, v in two.tensors.items())
    assert call("convert", net, back).exit_code == 2


def test_a_checkpoint_is_not_replaced_by_its_conversion(net: str) -> None:
    before = Path(net).read_bytes()
    done = call("convert", net, net, "--overwrite")
    assert done.exit_code == 2
    assert "output must not replace an input" in done.output
    assert Path(net).read_bytes() == before
