import numpy as np
import pytest

from hatsr.video.colours import ColourTags

av = pytest.importorskip("av", reason="clips need the extra hat-sr[video]")

from hatsr.video.frames import depth_of, subsampling_of, tags_of, to_frame, to_rgb  # noqa: E402

STUDIO = ColourTags(matrix=1)


@pytest.mark.parametrize(
    ("name", "chroma_subsampling", "depth"),
    [
        ("yuv420p", "420", 8),
        ("yuvj422p", "422", 8),
        ("yuv444p10le", "444", 10),
        ("nv12", "420", 8),
        ("p010le", "420", 10),
        ("yuv411p", "444", 8),
        ("gray", "420", 8),
        ("gbrp12le", "444", 12),
        ("rgb24", "444", 8),
        ("pal8", "444", 8),
        ("yuva420p", "420", 8),
    ],
)
def test_pixel_formats(name: str, chroma_subsampling: str, depth: int) -> None:
    kind = av.VideoFormat(name, 32, 24)
    assert (subsampling_of(kind), depth_of(kind)) == (chroma_subsampling, depth)


@pytest.mark.parametrize(("chroma_subsampling", "bits"), [("420", 8), ("422", 10), ("444", 12)])
def test_a_frame_and_its_pixels_are_inverse(chroma_subsampling: str, bits: int) -> None:
    y, x = np.mgrid[:24, :30].astype(np.float32)
    rgb = np.stack([0.2 + x / 60, 0.2 + y / 60, 0.7 - x / 90], axis=2)
    frame = to_frame(rgb, chroma_subsampling, bits, STUDIO)
    assert (frame.height, frame.width) == (24, 30)
    assert np.abs(to_rgb(frame, STUDIO) - rgb)[1:-1, 1:-2].max() < 0.012


def test_frames_agree_with_ffmpeg_within_its_rounding() -> None:
    codes = np.random.default_rng(0).integers(40, 200, (8, 8, 3), np.uint8)
    frame = to_frame(codes.astype(np.float32) / 255, "444", 8, STUDIO)
    theirs = frame.reformat(format="rgb24", src_colorspace=1, dst_colorspace=1, src_color_range=1)
    assert np.abs(theirs.to_ndarray().astype(int) - codes).max() <= 2


@pytest.mark.parametrize("name", ["rgb24", "gbrp", "bgra"])
def test_rgb_is_exact(name: str) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(codes, "rgb24").reformat(format=name)
    assert np.abs(to_rgb(frame, tags_of(frame)) * 255 - codes).max() < 1e-3


def test_rgb_of_16_bits_is_exact() -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (6, 8, 3), np.uint16)
    frame = av.VideoFrame.from_ndarray(codes, "rgb48le")
    assert np.abs(to_rgb(frame, tags_of(frame)) * 65535 - codes).max() < 0.01


def test_gray_has_no_colour() -> None:
    codes = np.arange(48, dtype=np.uint8).reshape(6, 8) + 100
    frame = av.VideoFrame.from_ndarray(codes, "gray")
    rgb = to_rgb(frame, ColourTags(matrix=1, full_range=True))
    assert np.allclose(rgb, codes[..., None] / 255, atol=1e-6)


def test_two_layouts_of_the_same_codes_are_the_same_picture() -> None:
    rgb = np.random.default_rng(0).random((8, 8, 3), np.float32)
    frame = to_frame(rgb, "420", 8, STUDIO)
    packed = frame.reformat(format="nv12")
    assert np.array_equal(to_rgb(packed, STUDIO), to_rgb(frame, STUDIO))
