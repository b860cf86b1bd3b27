"""One picture, one patch, several networks: LAM of each, its numbers, a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

from jaxtyping import Float
from numpy import ndarray

from hatsr.attribution.figures.panels import Colours
from hatsr.attribution.inputs import (
    StudiedNetwork,
    StudiedPicture,
    load_networks,
    load_picture,
)
from hatsr.attribution.local_attribution import DEFAULTS, LamResult, LamSettings, finite, lam
from hatsr.attribution.objective import PatchCorner
from hatsr.evaluation import CountProgress, psnr, ssim
from hatsr.image import to_codes

_SSIM_WINDOW = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Which pixels of a picture some networks used for one patch."""

    picture: StudiedPicture
    results: tuple[LamResult, ...]
    """The result of each network, in the order that they were given."""

    def numbers(self) -> list[dict[str, object]]:
        """Everything but pictures, fit for JSON; an entry for each network."""
        return [
            {
                "model": result.model,
                "weights": result.weights,
                "picture": self.picture.name,
                **result.numbers(),
                "psnr": finite(result.quality[0]) if result.quality else None,
                "ssim": finite(result.quality[1]) if result.quality else None,
            }
            for result in self.results
        ]

    def lines(self) -> list[str]:
        """A line for each network, for the terminal."""
        return [result.line() for result in self.results]

    def draw(self, path: Path, colours: Colours = "seismic") -> None:
        """Write the figure, with the numbers in its metadata.

        Raises:
            ValueError: an ending that is no figure's, a missing folder, or no matplotlib.
        """
        from hatsr.attribution.figures import check_figure_file

        check_figure_file(path)
        from hatsr.attribution.figures.canvas import save  # needs the extra
        from hatsr.attribution.figures.lam_figure import lam_figure

        drawn = lam_figure(self.picture, self.results, colours)
        parameters = {"colours": colours, "findings": self.numbers()}
        save(drawn, path, f"LAM of {self.picture.name}", parameters)


def explain(  # noqa: PLR0913
    models: Sequence[str],
    picture: str | Path,
    patch: PatchCorner,
    settings: LamSettings = DEFAULTS,
    *,
    is_lr: bool = False,
    overrides: Mapping[str, object] | None = None,
    progress: CountProgress | None = None,
) -> Explanation:
    """LAM of networks for one patch of a picture.

    Args:
        models: sources as `load_network` takes them, all of one scale.
        picture: file of the HR picture, which is made small here.
        patch: row and column of its upper left corner, SR pixels.
        settings: how to compute, and where.
        is_lr: the file is the LR picture; there is no quality of the patch then.
        overrides: hyper-parameters of the one network that its file does not show.
        progress: told the steps done of one network after the other, their total, and its name.

    Raises:
        ValueError: a model that does not exist, several scales, a patch outside the picture, or a
            network that cannot be explained.
        OSError: the picture cannot be opened.
    """
    networks = load_networks(models, settings.device, overrides)
    studied = load_picture(picture, networks[0].scale, is_lr=is_lr)
    results = []
    for index, network in enumerate(networks):
        told = progress and _part(progress, index, len(networks), network.name)
        results.append(_result(network, studied, patch, settings, told))
    return Explanation(picture=studied, results=tuple(results))


def _result(
    network: StudiedNetwork,
    picture: StudiedPicture,
    patch: PatchCorner,
    settings: LamSettings,
    progress: CountProgress | None,
) -> LamResult:
    found = lam(network.function, picture.lr.to(network.device), patch, settings, progress)
    hr, size = picture.hr, settings.patch_size
    return replace(
        found,
        model=network.name,
        weights=network.digest,
        quality=None if hr is None else patch_quality(found.sr, hr, patch, size),
    )


def patch_quality(
    sr: Float[ndarray, "h w 3"], hr: Float[ndarray, "h w 3"], patch: PatchCorner, patch_size: int
) -> tuple[float, float]:
    """PSNR in dB and SSIM on Y, as figures 2, 7 and 10 print them: without a cropped border.

    SSIM is nan for patches smaller than its own 11 x 11 window.
    """
    (y, x) = patch
    ours, true = (to_codes(rgb[y : y + patch_size, x : x + patch_size]) for rgb in (sr, hr))
    likeness = ssim(ours, true) if min(ours.shape[:2]) >= _SSIM_WINDOW else nan
    return psnr(ours, true), likeness


def _part(progress: CountProgress, index: int, parts: int, name: str) -> CountProgress:
    """The progress of one of several parts of equal length."""
    return lambda done, total, _: progress(index * total + done, parts * total, name)
