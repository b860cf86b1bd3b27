"""Which encoder a clip gets, by its container, its depth and the quality asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from hatsr.video.clip import Clip, ClipError
from hatsr.video.endings import CONTAINERS, DEFAULT_QUALITY

_THREADS = 4
"""Of an encoder: the same on every machine, since some encoders' results depend on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """How frames are encoded."""

    container: str
    """FFmpeg's name of the container."""
    encoder: str
    """FFmpeg's name of the encoder."""
    options: Mapping[str, str]
    """Options of the encoder."""
    chroma_subsampling: str
    """How chroma is stored: 420, 422 or 444."""
    bits: int
    """Bits of a luma or chroma sample."""
    height: int
    """HR pixels."""
    width: int
    """HR pixels."""
    notes: tuple[str, ...] = ()
    """What of the clip the encoder cannot keep."""

    def __str__(self) -> str:
        rate = f" crf {self.options['crf']}" if "crf" in self.options else " without loss"
        return f"{self.encoder}{rate}, {self.bits} bits {self.chroma_subsampling}"


def choose_encoding(
    clip: Clip, ending: str, size: tuple[int, int], quality: int | None = None
) -> Encoding:
    """The encoder for a clip's enlarged frames.

    .webm takes VP9; other containers take H.265 for more than 8 bits and for what was H.265, else
    H.264; quality 100 is FFV1, in .mkv.

    Args:
        clip: what is enlarged.
        ending: of the result, such as ``.mp4``.
        size: height and width of the result, HR pixels.
        quality: 1 to 100.

    Raises:
        ClipError: the container or its codecs cannot hold it.
    """
    quality = DEFAULT_QUALITY if quality is None else quality
    if not 1 <= quality <= 100:
        raise ClipError(f"quality must be 1 to 100, got {quality}")
    if ending not in CONTAINERS:
        raise ClipError(f"a clip must end in {', '.join(CONTAINERS)}, got {ending}")
    encoder, options = _encoder(clip, ending, quality)
    bits = min(clip.bits, 12 if encoder == "ffv1" else 8 if encoder == "libvpx-vp9" else 10)
    if encoder in ("ffv1", "libvpx-vp9") and clip.aspect is not None:
        raise ClipError(
            f"pixels must be square for {encoder} in {ending}, got {clip.aspect} wide ones; choose "
            ".mp4, or .mkv with a quality below 100"
        )
    bits = 8 if encoder == "libx264" else bits
    even = [
        side // part * part
        for side, part in zip(size, _units(clip.chroma_subsampling), strict=True)
    ]
    rules = {
        f"{clip.bits} bits become {bits}": bits < clip.bits,
        "the last row or column is left out: sides must be even": even != list(size),
    }
    return Encoding(
        container=CONTAINERS[ending],
        encoder=encoder,
        options=options | {"threads": str(_THREADS)},
        chroma_subsampling=clip.chroma_subsampling,
        bits=bits,
        height=even[0],
        width=even[1],
        notes=tuple(words for words, holds in rules.items() if holds),
    )


def _units(chroma_subsampling: str) -> tuple[int, int]:
    """What height and width must be multiples of."""
    return {"420": (2, 2), "422": (1, 2)}.get(chroma_subsampling, (1, 1))


def _encoder(clip: Clip, ending: str, quality: int) -> tuple[str, dict[str, str]]:
    factor = round(51 - 0.39 * quality)
    """Of constant quality: 12 to 51 for H.264 and H.265, 16 for quality 90."""
    if quality == 100:
        if ending != ".mkv":
            raise ClipError(f"quality 100 is without loss and needs .mkv, got {ending}; take 99")
        return "ffv1", {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"}
    if ending == ".webm":
        return "libvpx-vp9", {"crf": str(round(factor * 63 / 51)), "b": "0", "row-mt": "0"}
    if clip.bits > 8 or clip.codec == "hevc":
        quiet = "log-level=error:frame-threads=2:pools=2"
        return "libx265", {"crf": str(factor), "x265-params": quiet}
    return "libx264", {"crf": str(factor)}
