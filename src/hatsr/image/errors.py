"""The one error for a picture that cannot be used."""

from collections.abc import Generator
from contextlib import contextmanager


class PictureError(ValueError):
    """A file, an array or a format that cannot be read or written; the message says what to do."""


_CUT = ("truncated", "Truncated", "Not enough image data")
"""What codecs say of a file that ends too early."""


@contextmanager
def naming_errors(name: str) -> Generator[None, None, None]:
    """Turn whatever a codec raises on bad bytes into one error that names the file.

    A lack of memory says nothing about the bytes and passes.
    """
    try:
        yield
    except MemoryError:
        raise
    except PictureError as error:
        raise PictureError(f"{name}: {error}") from error
    except Exception as error:
        is_short = isinstance(error, EOFError) or any(words in str(error) for words in _CUT)
        found = "one that is cut short" if is_short else "one that cannot be decoded"
        raise PictureError(
            f"{name}: file must be a whole, undamaged picture, got {found}; get it again, or save "
            "it again in the program that made it"
        ) from error
