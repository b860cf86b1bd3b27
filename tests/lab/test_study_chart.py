import re

from hatsr.lab.study import PaperPlace, Study, StudySize, Variant
from hatsr.lab.study_chart import draw
from hatsr.lab.study_report import StudyReport
from hatsr.lab.study_rows import StudyRow

STUDY = Study(
    name="three",
    title="Three",
    source=PaperPlace(place="nowhere", says="nothing"),
    seeds=(4,),
    sizes={"small": StudySize()},
    variants={name: Variant() for name in "abc"},
)


def row(name: str, *psnr: float) -> StudyRow:
    found = {"psnr": {"x": psnr[0]}, "curve": [(0, 20.0)], "steps": 1} if psnr else None
    return StudyRow(
        name=name,
        variant=name,
        is_last=True,
        paper={},
        by_seed={4: found} if found else {},
        machines=({"processor": "A", "threads": "1", "torch": "2"},) if found else (),
    )


def test_variants_without_published_values_stand_at_their_places_in_the_table() -> None:
    svg = draw(STUDY, (row("a", 20.0), row("b"), row("c", 21.0)), "PSNR")
    assert re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="5" fill="[^"]+"><title>(.)', svg) == [
        ("60.0", "a"),
        ("416.0", "c"),
    ]
    panel = svg[svg.index("<g transform") :]
    below = re.findall(r'text-anchor="middle">([^<]+)<', panel)
    assert below == ["1", "2", "3", "variants in the order of the table"]


def test_one_of_a_thing_is_one() -> None:
    report = StudyReport(study=STUDY, size="small", rows=(row("a", 20.0),))
    assert report.conditions == (
        "Seed 4, size small, steps as each recipe says a run. A (1 thread, PyTorch 2)"
    )
