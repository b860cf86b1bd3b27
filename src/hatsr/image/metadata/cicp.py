"""Colour spaces by number, as PNG (cICP) and AVIF (nclx) give them: ITU-T H.273, tables 2 and 3."""

_PRIMARIES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {8: "linear light", 16: "PQ", 18: "HLG"}
"""Words for the numbers that are met; others are given as they are."""
_SRGB_PRIMARIES = (1, 2)
_SRGB_TRANSFERS = (1, 2, 6, 13, 14, 15)
"""Those of sRGB, "unspecified" (2), and the curve of video, which screens show as sRGB."""


def cicp_notes(primaries: int, transfer: int) -> tuple[str, ...]:
    """What a user must be told about colours that are taken as sRGB though the file says not."""
    named: list[str] = []
    if primaries not in _SRGB_PRIMARIES:
        named.append(_PRIMARIES.get(primaries, f"primaries {primaries}"))
    if transfer not in _SRGB_TRANSFERS:
        named.append(_TRANSFERS.get(transfer, f"transfer {transfer}"))
    return (f"colours of {', '.join(named)} are taken as sRGB",) if named else ()
