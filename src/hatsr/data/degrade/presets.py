"""Named degradations."""

from hatsr.data.degrade.settings import Blur, Degradation, Jpeg, Noise, Resize, Round

_KEEP = Resize(up=0.0, down=0.0, keep=1.0)
_NO_BLUR = Blur(probability=0.0)
_NO_NOISE = Noise(probability=0.0)

PRESETS = {
    "second-order": Degradation(),
    "jpeg": Degradation(
        clean=0.1,
        second_order=0.0,
        mild=Round(
            blur=_NO_BLUR,
            resize=_KEEP,
            noise=_NO_NOISE,
            jpeg=Jpeg(
                quality=(20, 95), samplings=(("4:2:0", 0.6), ("4:2:2", 0.15), ("4:4:4", 0.25))
            ),
        ),
    ),
    "photo": Degradation(
        clean=0.15,
        second_order=0.15,
        mild=Round(
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
            jpeg=Jpeg(
                probability=0.65,
                quality=(20, 95),
                samplings=(("4:2:0", 0.6), ("4:2:2", 0.15), ("4:4:4", 0.25)),
            ),
        ),
    ),
}
"""By name. All but `second-order` are mild: one round on bicubic LR, most of the time."""


def preset(name: str) -> Degradation:
    """A named degradation.

    Raises:
        ValueError: there is none of the name.
    """
    if name not in PRESETS:
        raise ValueError(f"a degradation must be one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]
