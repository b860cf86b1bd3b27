"""The page: Gradio's components, one tab a use, mounted beside the API."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from hatsr.apps.web.service import EXAMPLE, Service


def mount_page(app: FastAPI, service: Service) -> FastAPI:
    """Mount the page at ``/``."""
    gr.set_static_paths([service.jobs.root, EXAMPLE])
    with gr.Blocks(title="hatsr", analytics_enabled=False) as page:
        gr.Markdown("# hatsr")
    return gr.mount_gradio_app(
        app,
        page,
        path="/",
        max_file_size=service.limits.upload_bytes,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        css_paths=Path(__file__).with_name("style.css"),
    )
