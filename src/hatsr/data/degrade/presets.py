"""Named degradations."""

from hatsr.data.degrade.parameters import (
    Blur,
    ChromaSubsampling,
    Degradation,
    Jpeg,
    Noise,
    Resize,
    Round,
)

_KEEP = Resize(up=0.0, down=0.0, keep=1.0)
_NO_BLUR = Blur(probability=0.0)
_NO_NOISE = Noise(probability=0.0)

_ANY_SAMPLING: tuple[tuple[ChromaSubsampling, float], ...] = (
    ("4:2:0", 0.6),
    ("4:2:2", 0.15),
    ("4:4:4", 0.25),
)


def _mild(clean: float, second_order: float, mild: Round) -> Degradation:
    return Degradation(clean=clean, second_order=second_order, mild=mild)


_JPEG = Round(
    blur=_NO_BLUR,
    resize=_KEEP,
    noise=_NO_NOISE,
    jpeg=Jpeg(quality=(20, 95), samplings=_ANY_SAMPLING),
)
_PHOTO = Round(
    blur=Blur(
        probability=0.3,
        shapes=(("isotropic", 0.5), ("anisotropic", 0.5)),
        sinc=0.0,
        sigma=(0.2, 1.2),
        sizes=(7, 9),
    ),
    resize=_KEEP,
    noise=Noise(
        probability=0.55,
        gaussian=0.8,
        gray=0.3,
        sigma=(0.0, 20.0),
        skew=1.5,
        poisson=(0.05, 1.5),
    ),
    jpeg=Jpeg(probability=0.65, quality=(20, 95), samplings=_ANY_SAMPLING),
)
_SCAN = Round(
    blur=Blur(shapes=(("isotropic", 1.0),), sinc=0.0, sigma=(0.3, 1.0), sizes=(7, 9)),
    resize=_KEEP,
    noise=Noise(probability=0.8, gaussian=1.0, gray=0.5, sigma=(0.0, 12.0)),
    jpeg=Jpeg(probability=0.7, quality=(50, 95), samplings=_ANY_SAMPLING),
)
_SCREENSHOT = Round(
    blur=_NO_BLUR,
    resize=Resize(up=0.2, down=0.2, keep=0.6, factors=(0.6, 1.5)),
    noise=_NO_NOISE,
    jpeg=Jpeg(probability=0.7, quality=(40, 95), samplings=_ANY_SAMPLING),
)

PRESETS = {
    "second-order": Degradation(),
    "jpeg": _mild(0.1, 0.0, _JPEG),
    "photo": _mild(0.15, 0.15, _PHOTO),
    "scan": _mild(0.1, 0.0, _SCAN),
    "screenshot": _mild(0.2, 0.0, _SCREENSHOT),
}
"""By name: the published model; compression alone; photographs as they are found, with a share of
the published model; scanned prints (soft, grainy); screens (resized, compressed, no noise)."""


def preset(name: str) -> Degradation:
    """A named degradation.

    Raises:
        ValueError: there is none of the name.
    """
    if name not in PRESETS:
        raise ValueError(f"a degradation must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]
