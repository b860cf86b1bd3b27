"""The contract of folders and object stores."""

from pathlib import Path

import numpy as np
import pytest

from hatsr import image
from hatsr.batch.finding import LeftOut
from hatsr.batch.stores import ObjectStore, Store, open_store
from hatsr.batch.stores.store import is_listed


def put(store: Store, name: str, data: bytes) -> None:
    store.prepare(name)
    part, _ = store.write(name, data)
    if part is not None:
        store.commit(name, part)


def picture(height: int = 3) -> bytes:
    return image.encode(image.from_array(np.zeros((height, 4, 3), np.uint8)), "png")


def test_pictures_are_found_below_and_elsewhere_left_out(store: Store, memory: ObjectStore) -> None:
    for name in (
        "b.png",
        "a.JPG",
        "sub/c.tif",
        "clip.MP4",
        "phone.heic",
        "notes.txt",
        ".d.png",
        ".hidden/e.png",
        "out/f.png",
    ):
        put(store, name, b"...")
    where = store.where("out")
    found = store.pictures(open_store(where), LeftOut())
    assert sorted(name for name, _ in found) == [
        "a.JPG",
        "b.png",
        "clip.MP4",
        "phone.heic",
        "sub/c.tif",
    ]


def test_a_file_is_written_read_and_known_again(store: Store) -> None:
    assert not store.has("sub/a.png")
    assert store.stamp("sub/a.png") is None
    with pytest.raises(FileNotFoundError):
        store.facts("sub/a.png")
    store.prepare("sub/a.png")
    part, stamp = store.write("sub/a.png", picture())
    if part is not None:
        assert not Path(store.where("sub/a.png")).exists()
        store.commit("sub/a.png", part)
    assert stamp == store.stamp("sub/a.png")
    assert stamp is not None
    assert image.read(store.open("sub/a.png")).height == 3
    facts = store.facts("sub/a.png")
    assert facts.bytes == len(picture())
    assert facts == store.facts("sub/a.png")
    put(store, "sub/a.png", picture(5))
    assert store.facts("sub/a.png") != facts
    store.remove_parts("sub/a.png")
    assert image.read(store.open("sub/a.png")).height == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", True),
        ("a.b.JPEG", True),
        ("a.tif", True),
        (".a.png", False),
        ("a.png.part", False),
        ("clip.MP4", True),
        ("phone.heic", True),
        ("a.txt", False),
        ("png", False),
        (".png", False),
    ],
)
def test_what_is_listed_by_its_name(name: str, expected: bool) -> None:
    assert is_listed(name) is expected
