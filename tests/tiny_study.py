"""A study of three variants, and rows of its results."""

from hatsr.lab.study import PaperPlace, Study, StudySize, Variant
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
