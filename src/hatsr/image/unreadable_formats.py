"""Kinds of files that are known by their first bytes but cannot be read here."""

import re

_AVIF = {b"avif", b"avis"}
_HEIF = {
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"mif2", b"msf1", b"miaf"),
}
_PHONE = 'convert it to JPEG or PNG, or set the camera to "most compatible" (JPEG)'
_CONVERT = "convert it to PNG"
_EXPORT = "export it as PNG"
_XML = rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*"
_KINDS = {
    rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n": ("a JPEG XL picture", _CONVERT),
    rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n": ("a JPEG 2000 picture", _CONVERT),
    rb"8BP[SB]": ("a Photoshop document (PSD)", _EXPORT),
    rb"gimp xcf": ("a GIMP document (XCF)", _EXPORT),
    rb"%PDF": ("a PDF document", "export its picture as PNG"),
    rb"%!PS|\xc5\xd0\xd3\xc6": ("a PostScript document", _EXPORT),
    _XML + rb"(<!DOCTYPE svg|<svg\b)": (
        "a drawing (SVG)",
        "export it as PNG, as large as you need it",
    ),
    rb"(?i:" + _XML + rb"<(!DOCTYPE html|html)\b)": ("a web page", "download the picture itself"),
    rb"v/1\x01": ("an OpenEXR picture", _CONVERT),
    rb"#\?(RADIANCE|RGBE)": ("a Radiance HDR picture", _CONVERT),
    rb"\0\0[\1\2]\0[^\0]\0": ("an icon (ICO)", _CONVERT),
    rb"qoif": ("a QOI picture", _CONVERT),
    rb"DDS ": ("a DDS texture", _CONVERT),
    rb"P[1-47]\s|P[Ff]\n": ("a PBM, PAM, PFM or plain-text PGM or PPM picture", _CONVERT),
    rb"II\xbc\x01": ("a JPEG XR picture", _CONVERT),
    rb"FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0": ("a camera's raw picture", "develop it first"),
    rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf": ("an archive", "unpack it first"),
}
"""Pattern of the first bytes: what the file is called, and what to do with it."""

_NO_LETTER = "\ufffd"
"""What stands for bytes that are no letter."""
_TEXT = ("a text file, which is no picture", "choose another file")
_UNKNOWN = (
    "no picture that hatsr reads",
    "if another program shows it, save it there as PNG",
)


def is_avif(head: bytes) -> bool:
    """Whether the file is AVIF: one of its brands, the major or a compatible one, says so."""
    return bool(_brands(head) & _AVIF)


def unreadable_kind(head: bytes) -> tuple[str, str]:
    """What kind of file it is, and what to do with it.

    Args:
        head: The first bytes of a file that none of the codecs reads, some hundred of them.
    """
    brands = _brands(head)
    if brands & _HEIF:
        return "a HEIC picture", _PHONE
    if b"crx " in brands:
        return "a camera's raw picture", "develop it first"
    if brands:
        return "a video", "save one of its frames as PNG"
    found = (kind for pattern, kind in _KINDS.items() if re.match(pattern, head, re.DOTALL))
    return next(found, _TEXT if _is_text(head) else _UNKNOWN)


def _is_text(head: bytes) -> bool:
    """Whether the bytes can be read by people, but for a letter that the end cuts in two."""
    letters = head.decode("utf-8", "replace").removesuffix(_NO_LETTER)
    return _NO_LETTER not in letters and all(c.isprintable() or c.isspace() for c in letters)


def _brands(head: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO media file (ISO/IEC 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
