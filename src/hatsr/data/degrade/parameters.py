"""What a degradation is: its parameters, checked; the defaults are the published ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]
"""Lowest and highest value, both drawn uniformly between."""
Shape = Literal[
    "isotropic",
    "anisotropic",
    "generalised-isotropic",
    "generalised-anisotropic",
    "plateau-isotropic",
    "plateau-anisotropic",
]
"""Shape of a blur kernel."""
ChromaSubsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
"""Of a JPEG file's chroma: full, half the width, half the width and height."""


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in 0 .. 1, got {value}")


def _check_range(
    name: str, ends: tuple[float | int, float | int], above: int | None = None
) -> None:
    if ends[0] > ends[1] or ends[0] < 0 or (above is not None and ends[0] <= above):
        rule = "at least 0" if above is None else f"above {above}"
        raise ValueError(f"{name} must be two rising numbers {rule}, got {ends}")


def _check_weights(name: str, weighted: Sequence[tuple[str, float]]) -> None:
    weights = [weight for _, weight in weighted]
    if not weights or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(f"{name} must have weights of at least 0, one above, got {weighted}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Blur:
    """Filtering by a random kernel."""

    probability: float = 1.0
    """Probability that there is any blur."""
    shapes: tuple[tuple[Shape, float], ...] = (
        ("isotropic", 0.45),
        ("anisotropic", 0.25),
        ("generalised-isotropic", 0.12),
        ("generalised-anisotropic", 0.03),
        ("plateau-isotropic", 0.12),
        ("plateau-anisotropic", 0.03),
    )
    """Shapes of the Gaussian kernels with their weights."""
    sinc: float = 0.1
    """Probability of a sinc kernel instead."""
    sigma: Range = (0.2, 3.0)
    """Standard deviation along each axis of a kernel, pixels."""
    generalised: Range = (0.5, 4.0)
    """Exponent of generalised kernels: below 1 with probability 1/2."""
    plateau: Range = (1.0, 2.0)
    """Exponent of plateau kernels: below 1 (or 1) with probability 1/2."""
    sizes: tuple[int, int] = (7, 21)
    """Least and largest side of a kernel; all odd sides between are equally likely."""

    def __post_init__(self) -> None:
        _check_share("probability", self.probability)
        _check_weights("shapes", self.shapes)
        _check_share("sinc", self.sinc)
        _check_range("sigma", self.sigma, above=0)
        _check_range("generalised", self.generalised, above=0)
        _check_range("plateau", self.plateau, above=0)
        _check_range("sizes", self.sizes, above=0)
        if not (self.sizes[0] % 2 and self.sizes[1] % 2):
            raise ValueError(f"sizes must be odd, got {self.sizes}; a kernel has a middle pixel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resize:
    """Resizing by a random factor, with area, bilinear or bicubic weights, equally likely."""

    up: float = 0.2
    """Weight of enlarging."""
    down: float = 0.7
    """Weight of shrinking."""
    keep: float = 0.1
    """Weight of neither."""
    factors: Range = (0.15, 1.5)
    """Least factor when shrinking and largest when enlarging."""

    def __post_init__(self) -> None:
        _check_weights("resize", (("up", self.up), ("down", self.down), ("keep", self.keep)))
        _check_range("factors", self.factors, above=0)
        if not self.factors[0] <= 1 <= self.factors[1]:
            raise ValueError(f"factors must lie about 1, got {self.factors}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Gaussian or Poisson noise."""

    probability: float = 1.0
    """Probability that there is any noise."""
    gaussian: float = 0.5
    """Probability that it is Gaussian, not Poisson."""
    gray: float = 0.4
    """Probability that it is the same in all three channels."""
    sigma: Range = (1.0, 30.0)
    """Standard deviation of Gaussian noise, levels of 255."""
    skew: float = 1.0
    """Power of the uniform number behind sigma: above 1, small ones come more often."""
    poisson: Range = (0.05, 3.0)
    """Factor of Poisson noise; 1 is that of counting photons."""

    def __post_init__(self) -> None:
        _check_share("probability", self.probability)
        _check_share("gaussian", self.gaussian)
        _check_share("gray", self.gray)
        _check_range("sigma", self.sigma)
        _check_range("poisson", self.poisson)
        if self.skew <= 0:
            raise ValueError(f"skew must be above 0, got {self.skew}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Jpeg:
    """Compression as JPEG."""

    probability: float = 1.0
    """Probability that there is any compression."""
    quality: tuple[int, int] = (30, 95)
    """Least and highest, as Pillow and libjpeg count."""
    samplings: tuple[tuple[ChromaSubsampling, float], ...] = (("4:2:0", 1.0),)
    """Chroma samplings with their weights."""

    def __post_init__(self) -> None:
        _check_share("probability", self.probability)
        _check_range("quality", self.quality)
        if not 1 <= self.quality[0] <= self.quality[1] <= 100:
            raise ValueError(f"quality must lie in 1 .. 100, got {self.quality}")
        _check_weights("samplings", self.samplings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Blur, resize, noise and JPEG, in this order."""

    blur: Blur = Blur()
    """The first step."""
    resize: Resize = Resize()
    """The second step."""
    noise: Noise = Noise()
    """The third step."""
    jpeg: Jpeg = Jpeg()
    """The last step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Degradation:
    """How LR is made from HR.

    Three ways, one of which is drawn for each picture: clean (bicubic LR of the benchmarks), the
    second-order model on HR (`first`, `second`, final sinc), or, with what probability is left,
    one `mild` round on the bicubic LR.
    """

    clean: float = 0.0
    """Probability of clean LR."""
    second_order: float = 1.0
    """Probability of the second-order model."""
    mild: Round = Round()
    """The round on clean LR; sizes are relative to LR."""
    first: Round = Round()
    """First round of the second-order model; sizes are relative to HR."""
    second: Round = Round(
        blur=Blur(probability=0.8, sigma=(0.2, 1.5)),
        resize=Resize(up=0.3, down=0.4, keep=0.3, factors=(0.3, 1.2)),
        noise=Noise(sigma=(1.0, 25.0), poisson=(0.05, 2.5)),
    )
    """Second round; sizes are relative to LR."""
    final_sinc: float = 0.8
    """Probability of the sinc filter beside the last JPEG."""
    sharpen: bool = False
    """Sharpen HR patches first, and learn the sharper ones: looks better, costs PSNR."""

    def __post_init__(self) -> None:
        for name in ("clean", "second_order", "final_sinc"):
            _check_share(name, getattr(self, name))
        if self.clean + self.second_order > 1 + 1e-9:
            raise ValueError(
                "clean and second_order must add up to at most 1, got "
                f"{self.clean} and {self.second_order}"
            )
