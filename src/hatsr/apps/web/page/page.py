"""The page: Gradio's components, one tab a use, mounted beside the API."""

# Annotations are not postponed: Gradio reads the types of these functions.

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from hatsr.apps.web.page.browser_session import BrowserSession
from hatsr.apps.web.page.compare_tab import add_compare_tab
from hatsr.apps.web.page.enlarge_tab import add_enlarge_tab
from hatsr.apps.web.page.explain_tab import add_explain_tab
from hatsr.apps.web.service import EXAMPLE, Service

_HERE = Path(__file__).parent
_FONT = ("system-ui", "sans-serif")
_MONO = ("ui-monospace", "monospace")


def mount_page(app: FastAPI, service: Service) -> FastAPI:
    """Mount the page at ``/``."""
    gr.set_static_paths([service.jobs.root, EXAMPLE])
    return gr.mount_gradio_app(
        app,
        make_page(service),
        path="/",
        max_file_size=service.limits.upload_bytes,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        theme=_theme(),
        css_paths=_HERE / "style.css",
        head_paths=_HERE / "page.html",
    )


def _theme() -> gr.themes.Base:
    """Fonts of the reader's machine, and colours that can be read by everyone (4.5 to 1)."""
    theme = gr.themes.Default(primary_hue="teal", font=_FONT, font_mono=_MONO)
    return theme.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_cancel_background_fill="#b91c1c",
        button_cancel_background_fill_hover="#991b1b",
        button_cancel_background_fill_dark="#b91c1c",
        button_cancel_background_fill_hover_dark="#991b1b",
        color_accent="*primary_700",
    )


def make_page(service: Service) -> gr.Blocks:
    """The page with all its tabs."""
    with gr.Blocks(title="hatsr", analytics_enabled=False) as page:
        gr.Markdown(
            "# hatsr\nPictures made larger, on this machine: nothing leaves it. "
            "For programs there is an [API](api/).",
            elem_classes="title",
        )
        with gr.Tabs():
            with gr.Tab("Enlarge"):
                add_enlarge_tab(page, service)
            with gr.Tab("Explain"):
                add_explain_tab(service)
            with gr.Tab("Compare"):
                add_compare_tab(service)

        def leave(request: gr.Request) -> None:
            BrowserSession(service, request).cancel()

        page.unload(leave)
    page.queue(max_size=None, default_concurrency_limit=None)
    return page
