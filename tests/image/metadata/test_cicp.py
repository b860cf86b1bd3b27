"""Colour spaces by number."""

import pytest

from hatsr.image.metadata.cicp import cicp_notes


@pytest.mark.parametrize(
    ("primaries", "transfer", "named"),
    [
        (1, 13, None),
        (2, 2, None),
        (9, 1, "BT.2020"),
        (12, 13, "Display P3"),
        (1, 8, "linear light"),
        (11, 16, "DCI-P3, PQ"),
        (22, 99, "primaries 22, transfer 99"),
    ],
)
def test_what_is_not_srgb_is_named(primaries: int, transfer: int, named: str | None) -> None:
    expected = (f"colours of {named} are taken as sRGB",) if named else ()
    assert cicp_notes(primaries, transfer) == expected
