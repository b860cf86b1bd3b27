"""A sequence is read anew each time."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from animations import codes_of, make_animation, make_document

from hatsr.image import read_sequence


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.tif"])
def test_every_reading_begins_with_the_first(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    make_document(path) if name == "a.tif" else make_animation(path, lossless=True)
    sequence = read_sequence(path)
    first, *rest = [codes_of(frame) for frame in sequence]
    assert len(rest) == sequence.count - 1 == 2
    (left,) = islice(sequence, 1)  # the others are never asked for
    assert np.array_equal(codes_of(left), first)
    for again, before in zip(sequence, [first, *rest], strict=True):
        assert np.array_equal(codes_of(again), before)
