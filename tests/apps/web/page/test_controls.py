import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import gradio as gr

from hatsr.apps.web.page.controls import Controls

pytestmark = pytest.mark.web


@pytest.mark.parametrize("busy", [True, False])
def test_only_what_can_be_done_can_be_pressed(busy: bool) -> None:
    one, other, cancel = (gr.Button(name) for name in ("Start", "Example", "Cancel"))
    controls = Controls((one, other), cancel)
    update = controls.update(busy=busy)
    assert set(update) == set(controls.parts) == {one, other, cancel}
    assert [update[each]["interactive"] for each in (one, other)] == [not busy] * 2
    assert update[cancel]["visible"] is busy
    assert "visible" not in update[one]
