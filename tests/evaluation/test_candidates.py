"""What makes SR pictures: bicubic enlargement, folders, networks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from judged import pairs, run
from PIL import Image
from torch import Tensor

from hatsr.evaluation.benchmark_pairs import BenchmarkPair
from hatsr.evaluation.candidates import BicubicCandidate, FolderCandidate, NetworkCandidate
from hatsr.evaluation.results import EvaluationSettings
from hatsr.resize import imresize

TWO = EvaluationSettings(scale=2)


def test_pictures_of_another_program(folder, tmp_path):
    made = tmp_path / "theirs" / "mine"
    made.mkdir(parents=True)
    for name, pair in pairs(folder, TWO).items():
        Image.fromarray(imresize(pair.lr, 2)).save(made / f"{name}_SRx2.png")
    theirs = run(FolderCandidate(made.parent, 2), TWO, folder)
    ours = run(BicubicCandidate(2), TWO, folder)
    assert theirs.model == "theirs"
    assert [s.psnr for s in theirs.scores] == [s.psnr for s in ours.scores]
    assert theirs.scores[0].seconds is None


def test_not_a_number_is_a_failure(folder):
    class Broken:
        name, scale = "broken", 2

        def upscale_tensor(self, lr: Tensor) -> Tensor:
            return imresize(lr, 2) * float("nan")

    (only,) = run(NetworkCandidate(Broken()), TWO, folder).sets
    assert not only.scores
    assert only.mean("psnr") is None
    assert "SR must be finite, got NaN or infinity" in only.failures["p0"]


def pair_of(lr: np.ndarray, scale: int = 2, name: str = "p0", data: str = "mine") -> BenchmarkPair:
    hr = np.zeros((lr.shape[0] * scale, lr.shape[1] * scale, 3), np.uint8)
    return BenchmarkPair(
        data=data,
        name=name,
        file=name,
        hr=hr,
        lr=lr,
        gray=False,
        hr_digest="",
        lr_digest="",
        others=frozenset({"p0", "p1"}),
    )


@pytest.fixture
def lr() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def test_bicubic_is_enlarged_in_8_bit(lr: np.ndarray) -> None:
    found = BicubicCandidate(3).upscale(pair_of(lr, 3))
    np.testing.assert_array_equal(found, imresize(lr, 3))
    assert (found.dtype, found.shape) == (np.uint8, (18, 27, 3))


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_bicubic_enlargement_is_its_own_ensemble(axes: tuple[int, ...], lr: np.ndarray) -> None:
    candidate = BicubicCandidate(2)
    found = candidate.ensemble(pair_of(lr))
    flipped = candidate.upscale(pair_of(np.ascontiguousarray(np.flip(lr, axes))))
    np.testing.assert_array_equal(np.flip(flipped, axes), found)
    exact = torch.from_numpy(lr).movedim(2, 0)[None].double() / 255  # not rounded between passes
    assert torch.allclose(imresize(exact.mT, 2).mT, imresize(exact, 2))


class Steps:
    """Enlarges nothing; adds what grows from left to right, as a network would in numbers."""

    name, scale = "steps", 1

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def upscale_tensor(self, lr: Tensor) -> Tensor:
        return lr + torch.linspace(self.least, self.most, lr.shape[3])


def test_what_a_network_makes_is_clamped_and_rounded() -> None:
    lr = np.full((1, 5, 3), 100, np.uint8)
    network = NetworkCandidate(Steps(-0.5, 0.75), "digest")
    assert (network.name, network.scale, network.weights, network.timed) == (
        "steps",
        1,
        "digest",
        True,
    )
    # Codes of 100 and -127.5, -47.8, 31.9, 111.6, 191.25
    assert network.upscale(pair_of(lr, 1))[0, :, 1].tolist() == [0, 52, 132, 212, 255]


def test_the_ensemble_of_a_network_is_the_mean_of_its_flips_and_turns() -> None:
    """Where all that is added is in columns, the mean over flips is that over both ends.

    Of a square, half of the eight are turned, so that rows are added to as columns are.
    """
    lr = np.full((3, 3, 3), 100, np.uint8)
    found = NetworkCandidate(Steps(0.0, 20 / 255)).ensemble(pair_of(lr, 1))
    assert (found == 110).all()


def test_sr_is_found_in_a_folder_of_its_set_or_in_one_of_all(tmp_path: Path) -> None:
    own, other = np.full((12, 18, 3), 7, np.uint8), np.full((12, 18, 3), 8, np.uint8)
    (tmp_path / "made" / "mine").mkdir(parents=True)
    Image.fromarray(own).save(tmp_path / "made" / "mine" / "p0.png")
    Image.fromarray(other).save(tmp_path / "made" / "p0.png")
    folder = FolderCandidate(tmp_path / "made", 2)
    lr = np.zeros((6, 9, 3), np.uint8)
    np.testing.assert_array_equal(folder.upscale(pair_of(lr)), own)
    np.testing.assert_array_equal(folder.upscale(pair_of(lr, data="Set5")), other)
    assert (folder.name, folder.timed, folder.weights) == ("made", False, "")
    assert FolderCandidate(tmp_path / "made", 2, "theirs").name == "theirs"
    assert folder.ensemble(pair_of(lr)) is None
    with pytest.raises(FileNotFoundError, match="no picture of 'p1' in"):
        folder.upscale(pair_of(lr, name="p1"))
