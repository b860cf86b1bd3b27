"""The package's own names: all there, shown by dir, imported when used."""

import subprocess
import sys

import pytest

import hatsr


def test_dir_shows_the_public_names_alone() -> None:
    names = "HAT HATConfig Settings Upscaler __version__ load preset upscale"
    assert dir(hatsr) == names.split()


@pytest.mark.parametrize("name", hatsr.__all__)
def test_every_name_is_there(name: str) -> None:
    assert hasattr(hatsr, name)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'hatsr' has no attribute 'enlarge'"):
        hatsr.enlarge  # pyright: ignore  # noqa: B018


def test_import_and_dir_import_nothing_heavy() -> None:
    code = "import sys, hatsr; dir(hatsr); assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
