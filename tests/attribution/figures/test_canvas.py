from pathlib import Path

import pytest


def test_a_figure_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from hatsr.attribution.figures.canvas import canvas, save

    drawn, _ = canvas([1.0], [1.0])
    save(drawn, tmp_path / "a.png", "first", {})
    before = (tmp_path / "a.png").read_bytes()

    def broken(file, **options):
        Path(file).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(drawn, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        save(drawn, tmp_path / "a.png", "second", {})
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]
