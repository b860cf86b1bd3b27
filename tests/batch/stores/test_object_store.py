from pathlib import Path

import pytest

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.outputs import Existing, Output
from hatsr.batch.planning import plan
from hatsr.batch.stores import ObjectStore, open_store


def test_has_sees_the_folder_that_is_asked_for(memory: ObjectStore) -> None:
    memory.write("one/a.png", b"1")
    memory.write("two/a.png", b"2")
    assert [memory.has(name) for name in ("one/a.png", "two/a.png", "two/b.png", "b.png")] == [
        True,
        True,
        False,
        False,
    ]


def test_reasons_name_the_address(memory: ObjectStore) -> None:
    memory.write("empty.png", b"")
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
        memory.write(name, b"12345")
    results.write("sub/b_x2.jpg", b"...")
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
