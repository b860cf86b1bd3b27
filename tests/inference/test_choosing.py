import io
from dataclasses import replace

import pytest
from picture_files import waves, with_noise
from PIL import Image

import hatsr
from hatsr import image
from hatsr.image import Compression
from hatsr.inference.choosing import ModelChooser, PictureFacts, choose, facts_of, for_picture
from hatsr.inference.settings import Settings

CLEAN = "no strong compression or noise found"


@pytest.mark.parametrize(
    ("facts", "scale", "model", "reason"),
    [
        (PictureFacts(), None, "hat-t-x4", CLEAN),
        (PictureFacts(removed=0.18), 4, "hat-t-x4", CLEAN),
        (
            PictureFacts(removed=0.3),
            4,
            "hat-t-real-x4",
            "30% of its fine detail looks like noise or compression",
        ),
        (PictureFacts(compression=Compression("JPEG", 96)), None, "hat-t-x4", CLEAN),
        (
            PictureFacts(compression=Compression("JPEG", 62)),
            None,
            "hat-t-real-x4",
            "JPEG of quality about 62",
        ),
        (PictureFacts(compression=Compression("WebP", 71)), None, "hat-t-x4", CLEAN),
        (
            PictureFacts(compression=Compression("WebP", 70)),
            2.5,
            "hat-t-real-x4",
            "WebP of quality about 70",
        ),
        (PictureFacts(former_jpeg=96), None, "hat-t-x4", CLEAN),
        (PictureFacts(former_jpeg=40), 4, "hat-t-real-x4", "was a JPEG of quality about 40"),
        (
            PictureFacts(former_jpeg=40, removed=0.1),
            3,
            "hat-t-real-x4",
            "was a JPEG of quality about 40",
        ),
        (PictureFacts(), 2, "hat-t-x2", CLEAN),
        (PictureFacts(former_jpeg=40), 2, "hat-t-real-x2", "was a JPEG of quality about 40"),
    ],
)
def test_choice(facts: PictureFacts, scale: float | None, model: str, reason: str) -> None:
    choice = choose(facts, scale)
    assert (choice.model, choice.reason) == (model, reason)
    assert str(choice) == f"{model}: {reason}"


def test_facts_of_a_file() -> None:
    real = hatsr.load("hat-t-real-x4", device="cpu")
    file = io.BytesIO()
    Image.fromarray(waves()).save(file, "JPEG", quality=62)
    jpeg = image.read(file.getvalue())
    assert facts_of(jpeg, real) == PictureFacts(compression=Compression("JPEG", 62))
    assert facts_of(replace(jpeg, compression=None), real) == PictureFacts(former_jpeg=62)
    found = facts_of(image.from_array(with_noise(12)), real)
    assert found.compression is None
    assert found.removed is not None
    assert found.removed > 0.5


@pytest.mark.parametrize("scale", [None, 2])
def test_each_picture_gets_its_own_network(scale: int | None) -> None:
    chooser = ModelChooser(Settings(device="cpu", scale=scale))
    clean = image.from_array(waves())
    noisy = with_noise(15)
    first, choice = for_picture(chooser, clean)
    other, why = for_picture(chooser, image.from_array(noisy))
    assert choice is not None
    assert why is not None
    assert (first.name, other.name) == (f"hat-t-x{scale or 4}", f"hat-t-real-x{scale or 4}")
    assert first.factor == other.factor == (scale or 4)
    assert "looks like noise" in why.reason
    assert for_picture(other, clean) == (other, None)
    assert chooser.choose(clean)[0] is first
