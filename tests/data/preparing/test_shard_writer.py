"""Shards are written as others read them, and into empty folders only."""

import tarfile
from pathlib import Path

import pytest

from hatsr.data.preparing.prepare import Cut, prepare

CUT = Cut(size=24, step=12, scales=(2, 4))


def test_tars_are_webdataset(manifest: Path) -> None:
    with tarfile.open(manifest.with_name("shard-00000.tar")) as tar:
        names = tar.getnames()
    assert names[:3] == ["000000000.hr.png", "000000000.lrx2.png", "000000000.lrx4.png"]
    assert len(names) == 15


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("notes.txt",), "other files; name a new folder"),
        (("index.bin", "shard-00000.tar", "manifest.json"), "a finished set; name a new folder"),
        (("index.bin", "shard-00000.tar"), "an interrupted start; delete the folder and start"),
    ],
)
def test_what_is_in_the_way_is_told(
    folder: Path, tmp_path: Path, files: tuple[str, ...], message: str
) -> None:
    for name in files:
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"")
    with pytest.raises(
        ValueError, match=f"must go into an empty folder, got .*out with .*{message}"
    ):
        prepare([folder], tmp_path / "out", CUT)
    assert len(list((tmp_path / "out").iterdir())) == len(files)
