"""The laboratory: studies of variants over seeds, held against what the paper says.

`run(read_study("window-size"), StudyWorkspace(folder=...))` does what `hatsr lab window-size` does.
"""

from hatsr.lab.agreement import OrderFinding, PublishedOrder, SeedDifference
from hatsr.lab.cell_work import StudyWorkspace
from hatsr.lab.laboratory import StudyStatus, run, status, write_report
from hatsr.lab.study import Study
from hatsr.lab.study_file import read_study, shipped_studies
from hatsr.lab.study_report import StudyReport

__all__ = [
    "OrderFinding",
    "PublishedOrder",
    "SeedDifference",
    "Study",
    "StudyReport",
    "StudyStatus",
    "StudyWorkspace",
    "read_study",
    "run",
    "shipped_studies",
    "status",
    "write_report",
]
