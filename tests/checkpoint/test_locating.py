import json
from pathlib import Path

import pytest
from tiny import tiny

from hatsr import checkpoint
from hatsr.checkpoint import CheckpointError, called, is_model_folder, read, resolve, save, shipped
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


@pytest.mark.parametrize("as_text", [True, False])
def test_the_folder_of_a_run_means_its_best_weights(as_text: bool, tmp_path: Path) -> None:
    for name in ("best", "last", "later"):
        save(tiny(), tmp_path / f"{name}.safetensors")
    folder = str(tmp_path) if as_text else tmp_path
    assert resolve(folder) == tmp_path / "best.safetensors"
    (tmp_path / "best.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"one checkpoint .* got last\.safetensors, later"):
        resolve(folder)
    (tmp_path / "later.safetensors").unlink()
    assert resolve(folder) == tmp_path / "last.safetensors"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("runs/hat-x2/best.safetensors", "hat-x2"),
        ("runs/hat-x2/last.safetensors", "last"),
        ("somewhere/hat-t-x4.safetensors", "hat-t-x4"),
        ("somewhere/HAT_SRx4.pth", "HAT_SRx4"),
    ],
)
def test_the_best_weights_of_a_run_are_called_as_the_run(file: str, name: str) -> None:
    assert called(Path(file)) == name


def test_a_run_is_called_by_its_folder_from_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(Path("best.safetensors")) == tmp_path.name


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["model.safetensors"], True),
        (["model.pth", "preview.png"], True),
        (["best.safetensors", "last.safetensors", "samples/a.png"], True),
        (["preview.png"], False),
        (["samples/a.png", "states/a.pth"], False),
        (["._model.safetensors", "preview.png"], False),
        (["net.pth/a.png"], False),
        ([], False),
    ],
)
def test_a_folder_with_a_checkpoint_is_a_model(
    files: list[str], expected: bool, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert is_model_folder(tmp_path) is expected
    assert is_model_folder(str(tmp_path)) is expected
    assert not is_model_folder(tmp_path / "nowhere")
    assert not is_model_folder("hat-t-x4")


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
