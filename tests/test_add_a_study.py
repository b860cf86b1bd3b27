"""The worked example of docs/laboratory.md runs as it stands there, but for its length."""

from pathlib import Path

from test_docs import ROOT, fences

from hatsr.lab import StudyWorkspace, read_study, run

PAGE = (ROOT / "docs/laboratory.md").read_text(encoding="utf-8")


def test_a_study_of_the_page_alone(pictures: Path, tmp_path: Path) -> None:
    (text,) = fences(PAGE, "yaml")
    (tmp_path / "heads.yaml").write_text(text, encoding="utf-8")
    assert read_study(tmp_path / "heads.yaml").seeds == (0, 1, 2)
    small = "sizes.small"
    shorter = [
        "seeds=[0]",
        f"{small}.budget.steps=1",
        f"{small}.recipe.data.train=[{pictures}]",
        f"{small}.recipe.data.patch=8",
        f"{small}.recipe.valid.data={pictures}",
        f"{small}.evaluate.data=[{pictures}]",
    ]
    study = read_study(tmp_path / "heads.yaml", shorter)
    report = run(study, StudyWorkspace(folder=tmp_path / "heads", device="cpu"))
    assert [row.name for row in report.rows] == ["one head", "three heads"]
    (found,) = report.orders
    assert found.order.words() == "three heads > one head"
    assert found.gap is not None
    assert found.gap.pictures == 6
