"""Versions of a picture are found by its name, whatever a program appended."""

from pathlib import Path

import pytest

from hatsr.image import match_names


@pytest.mark.parametrize(
    ("names", "files", "scale", "wanted"),
    [
        ("baby", "baby.bmp, babyx4.png", None, {"baby": "baby.bmp"}),
        ("0801", "0801x4.png", 4, {"0801": "0801x4.png"}),
        ("0801", "0801_bicLRx4.png", 4, {"0801": "0801_bicLRx4.png"}),
        ("0801", "0801x2.png", 4, {"0801": "0801x2.png"}),  # its size will tell
        ("0801", "0801x2.png, 0801x4.png, 0801x3.png", 4, {"0801": "0801x4.png"}),
        ("0801", "0801_x2_HAT.png, 0801_x4_HAT.png", 4, {"0801": "0801_x4_HAT.png"}),
        ("0801", "0801_64x4.png, 0801-x4.png", 4, {"0801": "0801-x4.png"}),  # 64 x 4 pixels
        ("0801", "0801x2.png, 0801x3.png", 4, {"0801": "0801x2.png, 0801x3.png"}),
        ("0801", "0801x2.png, 0801x4.png", None, {"0801": "0801x2.png, 0801x4.png"}),
        ("baby", "baby2.png, babylon.png, mybaby.png", 2, {}),
        ("img img_2", "img_2.png", None, {"img_2": "img_2.png"}),
        (
            "img img_2",
            "img_2x4.png, img_HAT.png",
            4,
            {"img": "img_HAT.png", "img_2": "img_2x4.png"},
        ),
        ("a", "a copy.png", None, {"a": "a copy.png"}),
        ("1.v2", "1.v2x2.png", 2, {"1.v2": "1.v2x2.png"}),
    ],
)
def test_names(names: str, files: str, scale: int | None, wanted: dict[str, str]) -> None:
    found = match_names(names.split(), [Path("folder", name) for name in files.split(", ")], scale)
    assert {name: ", ".join(p.name for p in each) for name, each in found.items()} == wanted


def test_many_names_cost_little() -> None:
    names = [f"{number:05}" for number in range(20_000)]
    found = match_names(names, [Path(f"{name}_bicLRx4.png") for name in names], 4)
    assert all(found[name] == [Path(f"{name}_bicLRx4.png")] for name in names)
