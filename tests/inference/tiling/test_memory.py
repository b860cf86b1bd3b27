from math import inf
from pathlib import Path

import pytest
import torch

from hatsr.inference.tiling import memory
from hatsr.inference.tiling.budget import largest_tile, smallest_tile
from hatsr.inference.tiling.memory import available_bytes, free_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4e9),
        ("512 MiB", 2**29),
        ("1e9", 1e9),
        ("1.5g", 1.5e9),
        ("1000000", 1e6),
        (10**7, 1e7),
    ],
)
def test_sizes(text: int | str, size: float) -> None:
    assert parse_bytes(text) == int(size)


@pytest.mark.parametrize("text", ["", "many", "-4GB", "0", "4XB", "1.2.3GB", "1e999GB"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="memory must be a size such as 4GB"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("size", "meant"),
    [("4", "4GB"), (4, "4GB"), ("512", "512MB"), ("4KB", "4GB"), ("1.5", "1.5GB"), (999_999, "")],
)
def test_too_small_to_be_meant(size: int | str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"memory must be at least 1MB, .* did you mean {meant}"):
        parse_bytes(size)


def test_a_gpu_has_memory_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5 * 10**9, 8 * 10**9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 2 * 10**9)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 10**9)
    monkeypatch.setattr(memory, "available_bytes", lambda: 10**9)
    assert free_bytes("cuda:1") == 6 * 10**9  # what the allocator keeps unused is free to it
    assert free_bytes("cpu") == free_bytes("mps") == 10**9


def test_there_is_memory() -> None:
    assert available_bytes() > 10**6


def test_a_group_leaves_its_limit_less_what_is_no_mere_cache(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 300\ninactive_file 600\nactive_file 0\n")
    assert memory._free_in(tmp_path) == 700
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._free_in(tmp_path) == inf
    assert memory._free_in(tmp_path / "none") == inf


def test_tiles_grow_with_the_budget() -> None:
    def bytes_needed(height: int, width: int) -> int:
        return 10**8 + 5000 * height * width

    sides = [largest_tile(bytes_needed, 16, int(b)) for b in (0, 1e8, 3e8, 1e9, 4e9)]
    assert sides == [0, 0, 192, 416, 880]
    assert bytes_needed(880, 880) <= 4e9 < bytes_needed(896, 896)


@pytest.mark.parametrize(
    ("multiple", "overlap", "side"),
    [(16, 32, 64), (8, 32, 48), (4, 8, 16), (1, 32, 40), (7, 10, 28)],
)
def test_smallest_tiles(multiple: int, overlap: int, side: int) -> None:
    assert smallest_tile(multiple, overlap) == side
