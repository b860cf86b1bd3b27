import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")

from hatsr.apps.web.page.enlarge_options import make_task
from hatsr.apps.web.work.upscale_task import UpscaleTask

pytestmark = pytest.mark.web
USUAL = ("Chosen by itself", "The model's own", "As needed", "Normal", "As the picture")


@pytest.mark.parametrize(
    ("place", "choice", "field", "value"),
    [
        (0, "hat-t-x2", "model", "hat-t-x2"),
        (1, "3", "scale", 3),
        (1, "2.5", "scale", 2.5),
        (1, "", "scale", None),
        (2, "Not at all", "denoise", 0),
        (2, "A little", "denoise", 0.25),
        (2, "All", "denoise", 1),
        (3, "Best (8 times slower)", "ensemble", True),
        (4, "JPEG", "ending", "jpg"),
        (4, "TIFF", "ending", "tif"),
    ],
)
def test_each_choice_is_an_option(place: int, choice: str, field: str, value: object) -> None:
    chosen = [choice if number == place else usual for number, usual in enumerate(USUAL)]
    task = make_task("source/a.png", *chosen)
    usual = UpscaleTask(source="source/a.png", shown=True)
    assert make_task("source/a.png", *USUAL) == usual
    assert getattr(task, field) == value
    others = {name for name in UpscaleTask.__slots__ if name != field}
    assert all(getattr(task, name) == getattr(usual, name) for name in others)


def test_a_factor_is_a_number() -> None:
    with pytest.raises(ValueError, match=r"times larger must be a number such as 2\.5, got twice"):
        make_task("a.png", USUAL[0], "twice", *USUAL[2:])
