"""The pixels of a Pillow image of any mode as codes, with the colour conversions."""

import io
from collections.abc import Callable

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageCms

from hatsr.image.codes import unit_floats
from hatsr.image.errors import PictureError

_MODES = {
    **dict.fromkeys(("L", "LA", "RGB", "RGBA"), None),
    **{"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"},
}
"""Mode to convert to, without loss where there can be none; None when it is to be kept."""


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[UInt8[np.ndarray, "h w 3"], str]:
    """A CMYK or LAB image as sRGB codes, and the note that says how it was converted.

    Relative colorimetric with black point compensation, through the CMYK profile if there is one.
    """
    source, how = _profile(image, profile)
    if source is None:
        return np.asarray(image.convert("RGB")), f"{image.mode} converted to sRGB {how}"
    converted = ImageCms.profileToProfile(
        image,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.asarray(converted), f"{image.mode} converted to sRGB {how}"


def integer_codes(values: Num[np.ndarray, "*shape"]) -> Num[np.ndarray, "*shape"]:
    """Integers of a wide type as uint16.

    Raises:
        PictureError: a value that 16 bits cannot hold.
    """
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise PictureError(
            f"{values.dtype} pixels must be codes of 16 bits, 0 to 65535, got {low} to {high}; "
            "rescale them"
        )
    return values.astype(np.uint16)


def _profile(
    image: Image.Image, profile: bytes | None
) -> tuple[ImageCms.ImageCmsProfile | None, str]:
    """The profile to convert from, None when Pillow's plain formula must do; and the words."""
    if image.mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "from D50 Lab"
    if profile is None or profile[16:20] != b"CMYK":
        return None, "without a profile: colours are approximate"
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)), "with its own profile"
    except OSError:
        return None, "by a plain formula (its profile is damaged): colours are approximate"


def stored_codes(image: Image.Image) -> tuple[Num[np.ndarray, "h w c"], int | float]:
    """Codes of one to four channels, and the code that stands for 1."""
    deep: dict[str, Callable[[Num[np.ndarray, "h w"]], Num[np.ndarray, "h w"]]] = {
        "I": integer_codes,
        "F": unit_floats,
    }
    key = image.info.get("transparency")
    if image.mode in deep or image.mode.startswith("I;16"):
        pixels = deep.get(image.mode, integer_codes)(np.asarray(image))
        top = 1 if image.mode == "F" else 65535
    elif image.mode in ("P", "PA"):
        clear = image.mode == "PA" or key is not None
        return np.asarray(image.convert("RGBA" if clear else "RGB")), 255
    elif image.mode in _MODES:
        mode = _MODES[image.mode]
        pixels, top = np.asarray(image.convert(mode) if mode else image), 255
    else:
        raise PictureError(
            f"Pillow mode must be one of 1, L, LA, P, PA, RGB, RGBA, CMYK, YCbCr, LAB, HSV, I, "
            f"I;16, F, got {image.mode}; convert the image first"
        )
    codes = pixels[..., None] if pixels.ndim == 2 else pixels
    return (codes, top) if key is None else (_keyed(codes, key, top), top)


def _keyed(
    codes: Num[np.ndarray, "h w c"], key: int | tuple[int, ...], top: int | float
) -> Num[np.ndarray, "h w more_c"]:
    """The codes with an alpha channel: transparent where every channel equals the key."""
    if codes.shape[2] not in (1, 3):
        return codes
    shown = (codes != np.asarray(key)).any(axis=2)
    return np.dstack([codes, (shown * top).astype(codes.dtype)])
