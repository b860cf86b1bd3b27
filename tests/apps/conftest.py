import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import tiny

from hatsr import checkpoint
from hatsr.checkpoint.layouts.hat_layout import to_official


@pytest.fixture
def net(tmp_path: Path) -> str:
    """A checkpoint of the tiny network, x2."""
    path = tmp_path / "net.safetensors"
    checkpoint.save(tiny(), path)
    return str(path)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A picture of 6 x 5 pixels."""
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """A network in a file of another program."""
    path = tmp_path / "foreign.pth"
    torch.save({"params": to_official(tiny())}, path)
    return str(path)


@pytest.fixture
def on_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """A wide terminal in colours; gives what was said since the last time, without colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def said() -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", "".join(capsys.readouterr()))

    return said
