"""Metadata in text fields of PNG files, as ImageMagick writes kinds that have no chunk there.

The key is "Raw profile type" with the kind's name; the text a line of its name, one of its length
in bytes, and lines of hexadecimal numbers.
"""

from collections.abc import Iterable
from typing import Literal

Kind = Literal["exif", "icc", "iptc", "xmp"]
KEY = "Raw profile type "
"""What the keys begin with."""
_KINDS: dict[str, Kind] = {
    "exif": "exif",
    "icc": "icc",
    "icm": "icc",
    "iptc": "iptc",
    "8bim": "iptc",
    "xmp": "xmp",
}
_APP1: dict[bytes, Kind] = {b"Exif\0\0": "exif", b"http://ns.adobe.com/xap/1.0/\0": "xmp"}
"""How the content of a profile "APP1" begins."""
_LINE = 36
"""Bytes on a line."""


def raw_profiles(
    fields: Iterable[tuple[str, str]],
) -> tuple[dict[Kind, bytes], tuple[str, ...]]:
    """The metadata in a PNG's text fields, still to be checked, and notes on unknown kinds."""
    found: dict[Kind, bytes] = {}
    notes: list[str] = []
    for key, text in fields:
        if key.startswith(KEY):
            content = from_lines(text)
            kind, start = _kind(key.removeprefix(KEY), content)
            if kind is None:
                notes.append(f"text field {key!r} is of unknown kind: left out")
            else:
                found[kind] = content.removeprefix(start)
    return found, tuple(notes)


def to_lines(name: str, content: bytes) -> str:
    """The text of a field; inverse of :func:`from_lines`."""
    rows = [content[at : at + _LINE].hex() for at in range(0, len(content), _LINE)]
    return "\n".join(["", name, f"{len(content):8}", *rows, ""])


def from_lines(text: str) -> bytes:
    """The content of a field; of a damaged one, what is no metadata of any kind."""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b"damaged"


def _kind(name: str, content: bytes) -> tuple[Kind | None, bytes]:
    """What the content is, None when that is not known, and what precedes it."""
    if name == "APP1":
        found = (each for each in _APP1.items() if content.startswith(each[0]))
        start, kind = next(found, (b"", None))
        return kind, start
    return _KINDS.get(name), b""
