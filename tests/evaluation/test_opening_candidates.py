"""What a user may name as what makes SR pictures, and what is refused."""

from pathlib import Path

import pytest
from tiny import tiny

from hatsr import checkpoint
from hatsr.evaluation import (
    BicubicCandidate,
    FolderCandidate,
    NetworkCandidate,
    as_candidate,
    open_candidate,
    open_candidates,
    open_pictures,
)


@pytest.fixture
def net(tmp_path: Path) -> str:
    checkpoint.save(tiny(), tmp_path / "net.safetensors")
    return str(tmp_path / "net.safetensors")


def test_each_kind_is_told_by_what_is_there(net: str, folder: Path) -> None:
    assert isinstance(open_candidate("bicubic", 3), BicubicCandidate)
    assert isinstance(open_candidate(str(folder), 2), FolderCandidate)
    model = open_candidate(net)
    assert isinstance(model, NetworkCandidate)
    assert (model.name, model.scale, len(model.weights)) == ("net", 2, 16)


def test_equal_weights_have_one_digest_and_others_another(net: str) -> None:
    first, again = open_candidate(net), open_candidate(net)
    other = open_candidate(net, overrides={"img_range": 2.0})
    assert first.weights == again.weights != other.weights
    network = as_candidate(tiny(), "mine")
    assert network.weights == as_candidate(tiny(), "yours").weights
    assert (network.name, network.scale) == ("mine", 2)


def test_the_scale_of_a_model_is_that_of_all(net: str) -> None:
    found = open_candidates(["bicubic", net])
    assert [(each.name, each.scale) for each in found] == [("bicubic", 2), ("net", 2)]


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["bicubic"], "at least two, got 1; try bicubic"),
        (["bicubic", "bicubic"], "scale must be given for bicubic, at least 1, got None"),
        (["NET", "NET"], "must be different ones, got .*net.safetensors twice"),
        (["NET", "hat-t-x4"], r"must have one scale to be compared, got \[2, 4\]"),
    ],
)
def test_what_cannot_be_compared_is_refused(specs: list[str], message: str, net: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_candidates([net if spec == "NET" else spec for spec in specs])


def test_messages_for_one(net: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale must be 2, what net makes, got 4"):
        open_candidate(net, 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"got no pictures in .*empty; put them there"):
        open_pictures(str(tmp_path / "empty"), 2)
