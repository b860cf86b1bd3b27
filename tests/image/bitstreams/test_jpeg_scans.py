"""JPEG files that are cut, or have gaps, and are closed again with an end mark."""

import base64
import io
import re

import numpy as np
import pytest
from picture_files import SMALL, encoded
from PIL import Image, JpegImagePlugin

from hatsr import image
from hatsr.image.bitstreams.jpeg_scans import check_complete

RNG = np.random.default_rng(6)


SMOOTH = Image.fromarray(RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)).resize((45, 35), 3)


NOISE = Image.fromarray(RNG.integers(0, 256, (17, 33, 3)).astype(np.uint8))


END = b"\xff\xd9"


RESTART = re.compile(rb"\xff[\xd0-\xd7]")


ARITHMETIC = base64.b85decode(
    "|JeWA07C!>1_lQP1qcTR2MGxX3Jeqt3=0bk84?o@6df8L9vvDS93UhvCm<p$BODwkHz_PIF*GzZA166II5IpgGc+"
    ">)$p8xo01yBe0Ra&J|I7de01yxb|Jncu0RaF2KLFAhjdsb;Dj1<SoAp8Nzzr~OU|#cZ4FIaxm0*H-"
    "t^6yS*p1Jf>QRDs2jd!$g{0U2*#"
)
"""24 x 16, gray, by libjpeg-turbo's jpegtran."""


SEPARATE = base64.b85decode(
    "|JeWA07C#M93CSc87LzmBP}Z^Fg#>IJU2HydstmbWRZZGmXCmpilDUS!=S3#t%{7u|I6C$_5c6>o5BD8|N8&t{r~"
    "v?+W<oWD=jTNH9U4fL3a41jHUSa`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv`1ttv|"
    "G)qd2mlZO7y|(!00I#K0}%oL!~hlm0RaI30000000000000000|Wy9!~h!*00RI60RaF20000000000009C61Q8Q"
    "4|Jncu0RaF2KLBO5EF9La;X8a2%_DOiDaWZay3hZ_02KiN0RR910000000000000001OLPT84&;j00RI30000000"
    "000000010s|2t|Jncu0Rj;KKLDjfrK$@pPZ9sb02BcM00000000000000000003|HJ?q5dZ=L0{{R30000000000"
    "009C35+N}%|Jncu0Rs^LKLB@NyzT`_$)Eq("
)
"""24 x 16, colour, a scan for each component, by libjpeg-turbo's jpegtran."""


def jpeg(source: Image.Image, mode: str, **options: object) -> bytes:
    return encoded(source.convert(mode), "JPEG", **options)


MADE = [
    (mode, {"subsampling": sampling, "progressive": progressive, **restarts})
    for mode, sampling in [
        ("L", "4:4:4"),
        ("RGB", "4:4:4"),
        ("RGB", "4:2:2"),
        ("RGB", "4:2:0"),
        ("CMYK", "4:4:4"),
    ]
    for progressive in (False, True)
    for restarts in ({}, {"restart_marker_blocks": 2}, {"restart_marker_rows": 1})
]


def decoded(data: bytes) -> Image.Image:
    picture = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    picture.load()
    return picture


def places(data: bytes) -> list[int]:
    """Where to cut: around each marker, at the last bytes, and all over the coded pixels."""
    start, end = data.index(b"\xff\xda") + 12, data.rindex(END)
    marks = [found.start() for found in re.finditer(rb"\xff[^\0]", data) if found.start() > start]
    all_over = {
        *range(start, end, 37),
        *range(end - 6, end),
        *(at - 1 for at in marks[:9]),
        *marks[:9],
    }
    return sorted(all_over & set(range(start, end)))


@pytest.mark.parametrize(("source", "quality"), [(SMOOTH, 100), (NOISE, 50)])
@pytest.mark.parametrize(("mode", "options"), MADE)
def test_a_cut_file_with_an_end_mark(
    mode: str, options: dict[str, object], source: Image.Image, quality: int
) -> None:
    data = jpeg(source, mode, quality=quality, **options)
    whole = decoded(data)
    check_complete(data, whole)
    for place in places(data):
        cut = data[:place] + END
        try:
            left = decoded(cut)
        except OSError:  # cut within a table between two scans
            continue
        if not np.array_equal(np.asarray(left), np.asarray(whole)):
            with pytest.raises(image.PictureError, match="cut short"):
                check_complete(cut, left)


@pytest.mark.parametrize(
    ("mode", "options"), [(mode, options) for mode, options in MADE if len(options) == 3]
)
def test_a_cut_at_a_restart_marker(mode: str, options: dict[str, object]) -> None:
    data = jpeg(NOISE, mode, **options)
    for found in RESTART.finditer(data):
        with pytest.raises(image.PictureError, match=r"restart intervals are missing|scans with"):
            image.read(data[: found.start()] + END)


def test_the_missing_intervals_are_counted() -> None:
    data = jpeg(NOISE, "L", restart_marker_blocks=2)  # 5 x 3 blocks
    first = next(RESTART.finditer(data)).start()
    with pytest.raises(image.PictureError, match=r"7 of 8 restart intervals are missing; get the"):
        image.read(data[:first] + END)


def test_a_gap_before_a_restart_marker() -> None:
    data = jpeg(NOISE, "RGB", restart_marker_rows=1)
    at = next(RESTART.finditer(data)).start()
    with pytest.raises(image.PictureError, match="cut short"):
        image.read(data[: at - 20] + data[at:])


def test_scans_that_are_missing() -> None:
    data = jpeg(SMOOTH, "RGB", progressive=True)
    scans = [found.start() for found in re.finditer(rb"\xff\xc4", data)]
    for place in scans[len(scans) // 2 :]:
        with pytest.raises(image.PictureError, match=r"scans with some of its detail or colour"):
            image.read(data[:place] + END)


def test_a_scan_for_each_component() -> None:
    assert image.read(SEPARATE).rgb.shape == (16, 24, 3)
    second = [found.start() for found in re.finditer(rb"\xff\xda", SEPARATE)][1]
    with pytest.raises(image.PictureError, match=r"detail or colour are missing"):
        image.read(SEPARATE[:second] + END)


def test_arithmetic_coding() -> None:
    assert image.read(ARITHMETIC).rgb.shape == (16, 24, 3)
    zeros = ARITHMETIC[:-2] + bytes(12) + END  # which the coder has left away
    np.testing.assert_array_equal(image.read(zeros).rgb, image.read(ARITHMETIC).rgb)


def test_no_scan_at_all() -> None:
    with pytest.raises(image.PictureError, match=r"cut short: its pixels are missing; get the"):
        check_complete(b"\xff\xd8" + END, decoded(ARITHMETIC))


@pytest.mark.parametrize(
    ("mode", "options"), [*MADE, ("RGB", {"optimize": True}), ("RGB", {"quality": 1})]
)
@pytest.mark.parametrize("size", [(1, 1), (17, 9), (40, 33)])
@pytest.mark.parametrize("colour", ["gray", None])
def test_a_whole_file_is_read(
    mode: str, options: dict[str, object], size: tuple[int, int], colour: str | None
) -> None:
    source = Image.new("RGB", size, colour) if colour else NOISE.resize(size)
    assert image.read(jpeg(source, mode, **options)).width == size[0]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 0.97])
def test_a_cut_jpeg_with_an_end_mark_is_refused(progressive: bool, share: float) -> None:
    data = jpeg(SMALL, "RGB", quality=75 if progressive else 90, progressive=progressive)
    start = data.index(b"\xff\xda")
    cut = data[: start + int((len(data) - start) * share)] + b"\xff\xd9"
    with pytest.raises(image.PictureError, match="cut short"):
        image.read(cut)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("tail", [b"", b"\0" * 50, b"\xff\xd8 more \xff\xd9"])
def test_a_whole_gray_jpeg_is_read(mode: str, options: dict[str, bool], tail: bytes) -> None:
    file = io.BytesIO()
    Image.new("L", (70, 50), 128).convert(mode).save(file, "JPEG", **options)
    assert image.read(file.getvalue() + tail).width == 70


def test_a_jpeg_that_claims_more_rows() -> None:
    data = bytearray(jpeg(SMALL, "RGB", quality=90))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = (300).to_bytes(2, "big")
    with pytest.raises(image.PictureError, match="cut short"):
        image.read(bytes(data))
