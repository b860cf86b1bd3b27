from dataclasses import replace

import pytest

from hatsr.batch.job import Job
from hatsr.batch.option_words import changes, option_words
from hatsr.inference.settings import Settings

CPU = Settings(device="cpu", precision="fp32")


def test_a_job_whose_options_were_not_given() -> None:
    assert option_words(Job(settings=CPU).options()) == {
        "model": "chosen for each picture",
        "device": "cpu",
        "precision": "fp32",
        "overlap": "32",
        "ensemble": "no",
        "max pixels": "300000000",
        "first frame": "no",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "a.pth", "overrides": {"conv_scale": 0.1, "q": True}}, "conv_scale=0.1, q=yes"),
        ({"denoise": 0.0}, "0"),
        ({"scale": 2.0}, "2"),
        ({"scale": 1.5}, "1.5"),
        ({"memory": 10**9}, "1,000,000,000 bytes"),
        ({"ensemble": True}, "yes"),
    ],
)
def test_values_in_words(options: dict[str, object], words: str) -> None:
    assert [*option_words(options).values()][-1] == words


@pytest.mark.parametrize("options", [{"denoise": 0.0}, {"overrides": {"a": 1}}])
def test_options_that_go_with_one_model(options: dict[str, object]) -> None:
    assert option_words(options)["model"] == "the shipped one"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"settings": replace(CPU, scale=2.0)}, ["scale: its model's own -> 2"]),
        ({"model": "hat-t-real-x4"}, ["model: chosen for each picture -> hat-t-real-x4"]),
        ({"denoise": 0.5}, ["denoise: none -> 0.5"]),
        ({"results": "s3://b/l"}, ["results: the output folder -> s3://b/l"]),
        ({"max_pixels": 9}, ["max pixels: 300000000 -> 9"]),
    ],
)
def test_what_another_job_changes(changed: dict[str, object], said: list[str]) -> None:
    """Other weights are told by the option that chose them, never by their digest."""
    before = Job(settings=CPU)
    assert changes(before.options(), replace(before, **changed).options()) == said  # pyright: ignore


def test_other_weights_in_the_same_file() -> None:
    before, now = ({"model": "a.pth", "weights": digest} for digest in ("12", "34"))
    assert changes(before, now) == ["model: a.pth, but the files have other weights now"]


def test_an_option_that_an_older_job_did_not_have() -> None:
    assert changes({"model": None}, {"model": None, "tile": 64}) == ["tile: as large as fits -> 64"]
