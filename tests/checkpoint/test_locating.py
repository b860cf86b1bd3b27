import json
from pathlib import Path

import pytest
from tiny import tiny

from hatsr import checkpoint
from hatsr.checkpoint import CheckpointError, read, resolve, save, shipped
from hatsr.model import preset


def test_sources(tmp_path: Path) -> None:
    assert resolve("hat-t-x4").name == "hat-t-x4.safetensors"
    assert checkpoint.default_model(7) == checkpoint.DEFAULT_MODEL
    save(tiny(), tmp_path / "a.safetensors")
    assert resolve(tmp_path) == tmp_path / "a.safetensors"
    save(tiny(), tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match=r"one checkpoint .* got a\.safetensors, b"):
        resolve(tmp_path)
    with pytest.raises(CheckpointError, match="hat is a network without shipped weights"):
        resolve("hat")
    with pytest.raises(CheckpointError, match=r"model must be a file, .* got 'nonsense'"):
        resolve("nonsense")
    with pytest.raises(CheckpointError, match="hf://owner/name/file"):
        resolve("hf://only-one-part")


def test_hub_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import errors

    def offline(*_: object, **__: object) -> None:
        raise errors.LocalEntryNotFoundError("no network")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    with pytest.raises(CheckpointError, match="hub cannot be reached; go online once"):
        resolve("hf://someone/hat/net.pth")


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_weights_are_what_the_card_says(name: str) -> None:
    found = read(resolve(name))
    assert found.config == preset("hat-t", scale=int(name[-1]))
    assert resolve(name).stat().st_size < 1.5e6
    assert set(json.loads(found.metadata["psnr_y"])) == {"Set5", "Set14", "BSD100"}
