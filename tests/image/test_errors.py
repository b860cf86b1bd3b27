"""The one error for a picture that cannot be used."""

import pytest

from hatsr.image import PictureError
from hatsr.image.errors import naming_errors


def test_an_error_of_a_codec_names_the_file() -> None:
    words = "^a.png: file must be a whole, undamaged picture, got one that cannot be decoded; get"
    with pytest.raises(PictureError, match=words), naming_errors("a.png"):
        raise KeyError("x")


@pytest.mark.parametrize("error", [EOFError(), OSError("image file is truncated (9 bytes ...)")])
def test_a_file_that_ends_too_early_is_cut_short(error: Exception) -> None:
    words = "^a.png: file must be a whole, undamaged picture, got one that is cut short; get it"
    with pytest.raises(PictureError, match=words), naming_errors("a.png"):
        raise error


def test_an_error_of_our_own_keeps_its_words() -> None:
    with pytest.raises(PictureError, match=r"^a.png: too large$"), naming_errors("a.png"):
        raise PictureError("too large")


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_what_says_nothing_about_the_bytes_passes(error: type[BaseException]) -> None:
    with pytest.raises(error), naming_errors("a.png"):
        raise error
