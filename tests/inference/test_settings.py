"""What may be set, and what is chosen by itself."""

from dataclasses import fields

import pytest
import torch

import hatsr
from hatsr.inference import settings
from hatsr.inference.settings import Keywords, Settings, best_precision, check_kinds, choose_device


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"precision": "fp16"}, "precision must be fp32 on a cpu"),
        ({"precision": "fp16", "device": "cpu:0"}, "precision must be fp32 on a cpu"),
        ({"memory": -5}, "memory must be positive, got -5"),
        ({"device": "warp"}, "device must be one that PyTorch can use here, got warp"),
        ({"memory": "lots"}, "memory must be a size"),
        ({"memory": 4}, "memory must be at least 1MB, got 4, .* did you mean 4GB"),
        ({"overlap": -1}, "overlap must be 0 or more, got -1"),
        ({"device": "foo"}, "device must be one that PyTorch can use here, got foo; choose cpu$"),
    ],
)
def test_wrong_settings(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tile": "a"}, "tile must be a whole number of LR pixels, got 'a'; leave it out"),
        ({"tile": True}, "tile must be a whole number of LR pixels, got True"),
        ({"overlap": "a"}, "overlap must be a whole number of LR pixels, got 'a'"),
        ({"scale": "2"}, "scale must be a number such as 2, got '2'"),
        ({"ensemble": 3}, "ensemble must be True or False, got 3"),
        ({"memory": []}, "memory must be bytes or a size such as 4GB, got "),
        ({"device": 3}, "device must be a name such as cpu, got 3"),
        (
            {"foo": 1},
            "a setting must be one of device, precision, .*, scale, got foo; leave it out",
        ),
    ],
)
def test_settings_of_another_type(values: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check_kinds(values)
    if "foo" in values:
        with pytest.raises(TypeError, match=message):
            hatsr.load("hat-t-x4", **values)


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_bfloat16_needs_a_processor_that_multiplies_it(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(settings, "supports_rounded_products", lambda: True)
    assert Settings(precision="bf16", device=device).rounds_products
    assert not Settings().rounds_products
    monkeypatch.setattr(settings, "supports_rounded_products", lambda: False)
    with pytest.raises(
        ValueError, match=r"bf16 with AVX512_BF16 or AMX\), which only emulates bf16"
    ):
        Settings(precision="bf16", device=device)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_that_is_there(
    cuda: bool, mps: bool, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(settings, "check_device", lambda name: None)
    monkeypatch.setattr(settings, "best_precision", lambda device: "fp32")
    assert choose_device() == Settings().device == best
    assert choose_device("cpu") == "cpu"
    monkeypatch.setattr(settings, "int8_unusable", lambda: "")
    assert Settings(precision="int8").device == "cpu"
    assert Settings(precision="int8", device="cpu").device == "cpu"


@pytest.mark.parametrize(("capability", "best"), [((7, 5), "fp32"), ((8, 0), "bf16")])
def test_the_best_precision_of_a_gpu(
    capability: tuple[int, int], best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert best_precision("cuda:0") == best
    assert best_precision("mps") == "fp32"


@pytest.mark.parametrize(("has_run", "best"), [(False, "fp32"), (True, "auto")])
def test_the_best_precision_of_a_processor(
    has_run: bool, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "has_run_rounded_products", lambda: has_run)
    assert best_precision("cpu") == Settings(device="cpu").precision == best


def test_the_keywords_are_the_settings() -> None:
    wanted = {field.name: field.type for field in fields(Settings)}
    assert Keywords.__annotations__ == wanted
