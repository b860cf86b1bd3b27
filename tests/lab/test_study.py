"""What a study holds by itself, before any recipe of it is made."""

from typing import Any

import pytest
from pydantic import ValidationError

from hatsr.lab.study import Study, Variant, file_name

TREE: dict[str, Any] = {
    "name": "staged",
    "title": "Staged",
    "source": {"place": "Table 7", "says": "more"},
    "sizes": {
        "small": {"stages": {"first": {}, "second": {}}},
        "full": {"stages": {"first": {}, "second": {}, "third": {}}},
    },
    "variants": {
        "all": {"paper": {"Set5": 30.0, "first": {"Set5": 29.0, "Set14": 27.0}}},
        "late": {"stages": {"second": {"iterations": 3}}},
        "none": {"stages": {}},
    },
}


def test_a_variant_has_the_stages_of_its_size_or_its_own() -> None:
    study = Study.model_validate(TREE)
    assert study.stages_of("all", "small") == ("first", "second")
    assert study.stages_of("all", "full") == ("first", "second", "third")
    assert study.stages_of("late", "full") == ("second",)
    assert study.stages_of("none", "full") == ()


def test_values_without_a_stage_are_those_of_the_last() -> None:
    study = Study.model_validate(TREE)
    assert study.published("all", "first", is_last=False) == {"Set5": 29.0, "Set14": 27.0}
    assert study.published("all", "second", is_last=False) == {}
    assert study.published("all", "third", is_last=True) == {"Set5": 30.0}
    assert study.published("late", "second", is_last=True) == {}


def test_what_is_left_out_has_values_that_a_cpu_can_afford() -> None:
    study = Study.model_validate({**TREE, "sizes": {"small": {}}, "variants": {"a": {}, "b": {}}})
    assert (study.measure, study.seeds, study.threads) == ("psnr", (0, 1, 2), 1)
    assert study.stages_of("a", "small") == ("training",)
    evaluate = study.sizes["small"].evaluate
    assert (evaluate.data, evaluate.di, evaluate.blocking) == (("Set5", "Set14"), None, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": {"a": {}}}, "at least 2 items"),
        ({"sizes": {}}, "at least 1 item"),
        ({"measure": "lpips"}, "'psnr', 'ssim', 'di' or 'blocking'"),
        ({"seeds": (1, 0, 1)}, r"seeds must be different, got \[1, 0, 1\]"),
        ({"variants": {"a/b": {}, "a:b": {}}}, "variants must differ in letters and digits"),
        (
            {"variants": {"a": {"stages": {"third": {}}}, "b": {}}},
            "stages of a must be of size small, got third",
        ),
        (
            {"variants": {"a": {"paper": {"fourth": {"Set5": 1.0}}}, "b": {}}},
            "paper of a must be by the study's stages, got fourth",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Study.model_validate({**TREE, **changes})


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="recip"):
        Variant.model_validate({"recip": {}})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("window 16", "window-16"),
        ("CAB + OCAB (α = 0.1)", "CAB-OCAB-α-0.1"),
        ("../up", "up"),
        (".", "-"),
        ("   ", "-"),
        ("a_b.c-d", "a_b.c-d"),
    ],
)
def test_names_of_folders(name: str, expected: str) -> None:
    assert file_name(name) == expected
