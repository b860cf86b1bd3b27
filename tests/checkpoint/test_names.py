"""Names of tensors as programs change them."""

import pytest
import torch

from hatsr.checkpoint.names import check_names, plain_names, shorten

ONE, OTHER = torch.zeros(1), torch.ones(1)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("shallow.weight", "shallow.weight"),
        ("module._orig_mod.layers.0.norm.weight", "layers.0.norm.weight"),
        ("params_ema.conv.bias", "conv.bias"),
        ("layers.0._checkpoint_wrapped_module.norm.bias", "layers.0.norm.bias"),
        ("model", "model"),
    ],
)
def test_parts_that_programs_put_in_are_left_out(name: str, plain: str) -> None:
    assert plain_names({name: ONE}) == {plain: ONE}


def test_two_networks_in_a_file_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must hold one network, got net_g.w and module.w; save"):
        plain_names({"net_g.w": ONE, "module.w": OTHER})


def test_all_names_must_be_there_and_no_other() -> None:
    check_names({"a": 1, "b": 2}, {"b": 3, "a": 4})
    with pytest.raises(ValueError, match=r"one whole network, got no b; unexpected c$"):
        check_names({"a": 1, "b": 2}, {"a": 1, "c": 2})


def test_long_lists_are_cut() -> None:
    assert shorten(["a", "b"]) == "a; b"
    assert shorten(list("abcdef")) == "a; b; c; d and 2 more"
    assert shorten(list("abc"), most=1) == "a and 2 more"
