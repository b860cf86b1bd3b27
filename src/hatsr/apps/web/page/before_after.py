"""Two pictures, one over the other, with a line between them that can be moved."""

import gradio as gr


def make_slider(label: str, name: str) -> gr.ImageSlider:
    """The component, not there until it has pictures.

    Args:
        label: for those who do not see it.
        name: for `page.html`, which makes it work by keyboard and shows single pixels.
    """
    return gr.ImageSlider(
        label=label,
        show_label=False,
        buttons=["fullscreen"],
        interactive=False,
        visible=False,
        type="filepath",
        max_height=560,
        elem_id=name,
        elem_classes="before-after",
    )
