import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")

from hatsr.apps.web.page.explain_options import make_task

pytestmark = pytest.mark.web
ORIGINAL, SMALL = "The large original (made small first)", "The small picture itself"


@pytest.mark.parametrize(
    ("beside", "kind", "steps", "models", "is_lr", "count"),
    [
        ("None", ORIGINAL, "Quick (10 steps)", ("hat",), False, 10),
        ("hat-l", ORIGINAL, "Exact (50 steps)", ("hat", "hat-l"), False, 50),
        ("None", SMALL, "Exact (50 steps)", ("hat",), True, 50),
    ],
)
def test_what_the_choices_mean(
    beside: str, kind: str, steps: str, models: tuple[str, ...], is_lr: bool, count: int
) -> None:
    task = make_task("source/a.png", "lam", 7.0, 9.0, "hat", beside, kind, steps)
    assert (task.source, task.what, task.models) == ("source/a.png", "lam", models)
    assert (task.row, task.column, task.is_lr, task.steps) == (7, 9, is_lr, count)


def test_an_empty_field_is_the_first_row_or_column() -> None:
    task = make_task("a.png", "features", None, None, "hat", "None", ORIGINAL, "Quick (10 steps)")
    assert (task.row, task.column, task.what) == (0, 0, "features")
