from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.finding import LeftOut
from hatsr.batch.outputs import Existing, Output
from hatsr.batch.planning import plan
from hatsr.batch.stores import DiskStore, ObjectStore, Store, open_store


@pytest.fixture
def memory() -> Iterator[ObjectStore]:
    yield ObjectStore("memory://scans/in/")
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, memory: ObjectStore, tmp_path: Path) -> Store:
    return memory if request.param == "memory" else DiskStore(tmp_path)


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


def test_has_sees_the_folder_that_is_asked_for(memory: ObjectStore) -> None:
    put(memory, "one/a.png", b"1")
    put(memory, "two/a.png", b"2")
    assert [memory.has(name) for name in ("one/a.png", "two/a.png", "two/b.png", "b.png")] == [
        True,
        True,
        False,
        False,
    ]


def test_reasons_name_the_address(memory: ObjectStore) -> None:
    put(memory, "empty.png", b"")
    with pytest.raises(image.PictureError, match=r"memory://scans/in/empty\.png: file is empty"):
        image.read(memory.open("empty.png"))


def test_a_stores_own_errors_are_of_the_system(
    memory: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory.files, "cat_file", lambda path: exec("raise KeyError('gone')"))
    with pytest.raises(OSError, match=r"memory://scans/in/a\.png: 'gone'"):
        memory.open("a.png")


@pytest.mark.parametrize("address", ["nowhere://a/b"])
def test_addresses_that_nobody_knows(address: str) -> None:
    with pytest.raises(ValueError, match="address must be one that fsspec knows here, got nowhere"):
        open_store(address)


@pytest.mark.parametrize(
    ("existing", "state"), [("refuse", "failed"), ("skip", "skipped"), ("overwrite", "waiting")]
)
def test_planning_by_lists(
    existing: Existing, state: str, memory: ObjectStore, tmp_path: Path
) -> None:
    results = ObjectStore("memory://scans/large")
    for name in ("a.png", "sub/b.jpg"):
        put(memory, name, b"12345")
    put(results, "sub/b_x2.jpg", b"...")
    with JobDatabase(tmp_path, results, create=True) as database:
        plan(
            database,
            memory.address,
            Output(existing=existing),
            "_x2",
            lambda _: None,
            lambda _: None,
        )
        found = {e.source: e for s in ("waiting", "failed", "skipped") for e in database.records(s)}
    assert {name: (e.target, e.bytes, e.height) for name, e in found.items()} == {
        "a.png": ("a_x2.png", 5, 0),
        "sub/b.jpg": ("sub/b_x2.jpg", 5, 0),
    }
    assert (found["a.png"].state, found["sub/b.jpg"].state) == ("waiting", state)


def test_an_input_is_not_replaced(memory: ObjectStore) -> None:
    assert memory.would_replace("a.png", "memory://scans/in/a.png")
    assert not memory.would_replace("b.png", "memory://scans/in/a.png")
    assert not memory.would_replace("a.png", Path("a.png"))
