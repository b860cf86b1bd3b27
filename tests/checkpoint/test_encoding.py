"""Weights as bytes: what is stored, what is refused, and that equal weights make equal bytes."""

import io
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tiny import tiny

from hatsr.checkpoint import Layout, read, save
from hatsr.checkpoint.encoding import check_range, pth_bytes, safetensors_bytes, to_stored


@pytest.mark.parametrize(
    ("layout", "name"),
    [("hatsr", "a.safetensors"), ("official", "a.safetensors"), ("official", "a.pth")],
)
def test_equal_weights_make_equal_bytes(layout: Layout, name: str, tmp_path: Path) -> None:
    text = {letter: f"{letter} é" for letter in "abcdefgh"}
    written = set()
    for folder in ("one", "two", "three"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / name
        save(tiny(), path, layout=layout, metadata=text)
        written.add(path.read_bytes())
        text = dict(reversed(text.items()))
    assert len(written) == 1


def test_save_refuses_weights_that_the_dtype_cannot_hold(tmp_path: Path) -> None:
    model = tiny()
    with torch.no_grad():
        model.norm.weight[3] = -70000.0
    path = tmp_path / "a.safetensors"
    words = (
        r"norm\.weight must be within 65504 to be stored in float16, got -70000; "
        "choose bfloat16 or float32"
    )
    with pytest.raises(ValueError, match=words):
        save(model, path, dtype=torch.float16)
    assert not path.exists()
    save(model, path, dtype=torch.bfloat16)
    assert read(path).tensors["norm.weight"][3] == torch.tensor(-70000.0).bfloat16()


def test_what_is_stored_shares_no_memory_and_whole_numbers_stay() -> None:
    whole = torch.arange(6).view(2, 3)
    tensors = {"turned": torch.rand(2, 3).t(), "part": torch.rand(9)[::2], "whole": whole}
    found = to_stored(tensors, torch.bfloat16)
    assert found["whole"].dtype == torch.int64
    assert torch.equal(found["whole"], whole)
    for name in ("turned", "part"):
        assert torch.equal(found[name], tensors[name].bfloat16())
        assert found[name].is_contiguous()
    same = to_stored(tensors, torch.float32)
    assert all(same[name].data_ptr() != tensor.data_ptr() for name, tensor in tensors.items())


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (65519.0, torch.float16, None),  # the last that rounds down to 65504
        (65520.0, torch.float16, "must be within 65504 to be stored in float16, got 65520"),
        (1e300, torch.float32, r"must be within 3.40282e\+38 to be stored in float32, got 1e\+300"),
        (-1e300, torch.bfloat16, "to be stored in bfloat16, got -1e"),
        (float("-inf"), torch.float32, "weights must be finite, got -inf in a.b"),
    ],
)
def test_numbers_that_a_dtype_cannot_hold(
    value: float, dtype: torch.dtype, message: str | None
) -> None:
    tensors = {"a.b": torch.tensor([0.5, value, 2.0], dtype=torch.float64)}
    if message is None:
        check_range(tensors, dtype)
        return
    with pytest.raises(ValueError, match=message):
        check_range(tensors, dtype)
    check_range({"a.b": torch.tensor([2**40])}, dtype)  # whole numbers are kept as they are


@pytest.mark.parametrize("metadata", [{}, {"z": "é", "a": "1"}, {"a": "x" * 9, "b": '"'}])
def test_a_safetensors_file_is_a_length_a_header_and_the_numbers(
    metadata: dict[str, str], tmp_path: Path
) -> None:
    tensors = {"b": torch.arange(3.0), "a": torch.tensor([[1, 2]], dtype=torch.int64)}
    data = safetensors_bytes(tensors, metadata)
    end = 8 + int.from_bytes(data[:8], "little")
    assert end % 8 == 0
    header = json.loads(data[8:end])
    assert list(header.pop("__metadata__").items()) == sorted(metadata.items())
    assert set(header) == {"a", "b"}
    for name, each in header.items():
        first, last = each["data_offsets"]
        assert data[end + first : end + last] == tensors[name].numpy().tobytes()
    (tmp_path / "a.safetensors").write_bytes(data)
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        assert (file.metadata() or {}) == metadata
        assert all(torch.equal(file.get_tensor(name), t) for name, t in tensors.items())


def test_a_pth_holds_the_weights_where_other_programs_look() -> None:
    tensors = {"a": torch.arange(3.0)}
    loaded = torch.load(io.BytesIO(pth_bytes(tensors, {"z": "1", "a": "2"})), weights_only=True)
    assert list(loaded) == ["params_ema", "metadata"]
    assert torch.equal(loaded["params_ema"]["a"], tensors["a"])
    assert list(loaded["metadata"].items()) == [("a", "2"), ("z", "1")]
