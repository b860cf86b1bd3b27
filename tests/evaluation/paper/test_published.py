import re
from pathlib import Path

import pytest

from hatsr.evaluation.paper.published import SETS, judge, published_rows, row_of, smaller_table

PAPER = Path(__file__).parents[4] / "shared/paper"


@pytest.mark.parametrize(("scale", "count"), [(2, 16), (3, 16), (4, 17), (8, 0)])
def test_rows_of_a_scale(scale, count):
    found = published_rows(scale)
    assert len(found) == count
    assert [row.label for row in found][:2] == ["bicubic", "EDSR"][:count]
    assert all(row.psnr.keys() == set(SETS) for row in found if row.method != "IPT")


@pytest.mark.parametrize(
    ("scale", "label", "data", "psnr", "ssim"),
    [
        (2, "EDSR", "Set5", 38.11, 0.9602),
        (2, "HAT", "Manga109", 40.26, 0.9809),
        (3, "HAT-S", "BSD100", 29.50, 0.8158),
        (4, "RRDB", "Urban100", 27.03, 0.8153),
        (4, "HAT-L†", "Set14", 29.47, 0.8015),
        (4, "bicubic", "Urban100", 23.14, 0.6577),
    ],
)
def test_spot_values(scale, label, data, psnr, ssim):
    (row,) = [row for row in published_rows(scale) if row.label == label]
    assert (row.psnr[data], row.ssim[data]) == (psnr, ssim)


def test_unpublished_cells_are_absent():
    (ipt,) = [row for row in published_rows(2) if row.method == "IPT"]
    assert ipt.pretrained
    assert ipt.training == "ImageNet"
    assert not ipt.ssim
    assert "Manga109" not in ipt.psnr


def test_every_number_of_the_tables_is_in_the_paper():
    texts = list(PAPER.glob("*.txt"))
    if not texts:
        pytest.skip("the paper is not here")
    numbers = set(re.findall(r"\d+\.\d+", texts[0].read_text("utf-8")))
    for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11):
        for row in smaller_table(number).rows:
            printed = (f"{cell:.2f}" for cell in row[1:] if isinstance(cell, float) and cell > 20)
            assert all(each in numbers or each[:-1] in numbers for each in printed), row
    for scale in (2, 3, 4):
        for row in published_rows(scale)[1:]:
            assert {f"{value:.2f}" for value in row.psnr.values()} <= numbers
            assert {f"{value:.4f}" for value in row.ssim.values()} <= numbers


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 7, 8, 9, 10, 11])
def test_smaller_tables_are_whole(number):
    found = smaller_table(number)
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_an_unknown_table():
    with pytest.raises(ValueError, match="one of 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, got 6"):
        smaller_table(6)


@pytest.mark.parametrize(
    ("model", "scale", "label"),
    [
        ("HAT_SRx4_ImageNet-pretrain.pth", 4, "HAT†"),
        ("weights/HAT-L_SRx2_ImageNet-pretrain", 2, "HAT-L†"),
        ("HAT-S_SRx3", 3, "HAT-S"),
        ("001_classicalSR_DF2K_s64w8_SwinIR-M_x4", 4, "SwinIR"),
        ("bicubic", 2, "bicubic"),
    ],
)
def test_official_checkpoints_are_known_by_name(model, scale, label):
    row = row_of(model, scale)
    assert row is not None
    assert row.label == label


@pytest.mark.parametrize(("model", "scale"), [("hat-t-x4", 4), ("HAT_SRx4", 2), ("mine", 4)])
def test_other_models_are_not(model, scale):
    assert row_of(model, scale) is None


def test_the_band():
    row = row_of("HAT_SRx4", 4)
    assert row is not None
    within, outside = judge(row, {"Set5": 33.12, "Set14": 29.0, "mine": 40.0})
    assert within == "Set5: 33.12 dB, within ±0.1 dB of HAT's published 33.04 (+0.08)"
    assert outside == "Set14: 29.00 dB, OUTSIDE ±0.1 dB of HAT's published 29.23 (-0.23)"
