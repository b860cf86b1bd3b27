"""The page of a job shows what is in its database."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatsr import image
from hatsr.batch.database.job_database import JobDatabase
from hatsr.batch.database.records import JobRecord, PictureRecord
from hatsr.batch.summary_page import SUMMARY, write_summary


def database_of(folder: Path, *records: PictureRecord) -> JobDatabase:
    """Of a job on `in`, beside the folder, in which these pictures are in their states."""
    database = JobDatabase(folder, create=True)
    options = {"scale": 2, "quality": None, "model": "<b>"}
    database.set_job(JobRecord(str(folder.parent / "in"), options, 10**9))
    for number, record in enumerate(records, 1):
        database.plan(record)
        database.finish(replace(record, id=number))
    return database


def record(name: str, height: int, width: int, **more: object) -> PictureRecord:
    facts = {"bytes": 1, "mtime": 1, "height": height, "width": width, **more}
    return PictureRecord(source=name, target=f"x2/{name}", **facts)  # pyright: ignore


def figures(page: str, title: str) -> list[str]:
    """Names below the thumbnails of a kind."""
    part = page.split(f"<h2>{title}</h2>")[1].split("<h2>")[0]
    return re.findall(r"<figcaption>(.*?)<br>", part)


def test_counts_and_extremes(tmp_path: Path) -> None:
    sizes = [(300, 400), (100, 100), (500, 1000), (200, 200), (50, 50), (20, 30)]
    seconds = [1.0, 9.0, 60.0, 3.0, 0.5, 0.25]
    done = [
        record(f"{i}.png", *size, state="done", seconds=s)
        for i, (size, s) in enumerate(zip(sizes, seconds, strict=True))
    ]
    failed = record("bad.png", 0, 0, state="failed", reason="file is <empty>")
    with database_of(tmp_path / "out", *done, failed, record("w.png", 10, 10)) as database:
        path = write_summary(database)
    page = path.read_text()
    assert path == tmp_path / "out" / SUMMARY
    assert "6 of 8 pictures enlarged" in page
    assert "<b>0.7</b>LR megapixels done" in page  # 673,100 pixels
    assert "<b>1.2</b>minutes in the network" in page  # 73.75 s
    assert figures(page, "The slowest") == ["2.png", "1.png", "3.png", "0.png"]
    assert figures(page, "The largest") == ["2.png", "0.png", "3.png", "1.png"]
    assert figures(page, "The smallest") == ["5.png", "4.png", "1.png", "3.png"]
    assert "<td>bad.png</td><td>file is &lt;empty&gt;</td>" in page
    assert "<td>model</td><td>&lt;b&gt;</td>" in page
    assert "<td>quality</td>" not in page
    assert "400 x 300, 1.00 s" in page


def test_thumbnails_are_small_pictures_that_need_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pixels = np.full((80, 320, 4), (200, 100, 50, 255), np.uint8)
    image.write(image.from_array(pixels), tmp_path / "in/a.png")
    found, gone = record("a.png", 80, 320, state="done"), record("b.png", 9, 9, state="done")
    huge = record("c.png", 10_000, 10_000, state="done")
    with database_of(tmp_path / "out", found, gone, huge) as database:
        page = write_summary(database).read_text()
    addresses = re.findall(r'<img src="data:image/jpeg;base64,(.*?)"', page)
    assert len(addresses) == 3  # the slowest, the largest, the smallest
    assert page.count('<div class="none">') == 6
    with Image.open(io.BytesIO(base64.b64decode(addresses[0]))) as small:
        assert small.size == (160, 40)
        assert np.abs(np.asarray(small, int) - (200, 100, 50)).max() <= 4


def test_weights_are_counted_and_reasons_told(tmp_path: Path) -> None:
    done = [
        record("a.png", 9, 9, state="done", model="<clean>", reason="<clean>: no noise found"),
        record("b.png", 8, 8, state="done", model="real"),
        record("c.png", 7, 7, state="done", model="real"),
        record("d.png", 6, 6, state="done"),
        record("e.png", 5, 5, state="failed", model="real", reason="file is empty"),
    ]
    with database_of(tmp_path / "out", *done) as database:
        page = write_summary(database).read_text()
    table = page.split("<h2>Weights</h2>")[1].split("</table>")[0]
    assert re.findall("<td>(.*?)</td><td>(.*?)</td>", table) == [
        ("real", "2"),
        ("not recorded", "1"),
        ("&lt;clean&gt;", "1"),
    ]
    assert page.count("0.00 s<br>&lt;clean&gt;: no noise found</span>") == 3
    assert page.count("0.00 s<br>real</span>") == 6
    assert page.count("0.00 s</span>") == 3


def test_a_page_needs_a_job(tmp_path: Path) -> None:
    with (
        JobDatabase(tmp_path, create=True) as database,
        pytest.raises(ValueError, match="folder must hold a job, got"),
    ):
        write_summary(database)
    assert not (tmp_path / SUMMARY).exists()
