"""The page of the API, drawn from its OpenAPI document."""

import re
from typing import Annotated

import pytest

pytest.importorskip("gradio", reason="the extra web is not installed: make test-web")
import httpx
from fastapi import FastAPI, UploadFile
from fastapi import Form as FormField
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from web_servers import Server

from hatsr.apps.web.api.reference import add_reference

pytestmark = pytest.mark.web


def test_the_address_of_the_reference_needs_no_slash(server: Server) -> None:
    answer = httpx.get(f"{server.url}/api", follow_redirects=True)
    assert answer.url.path == "/api/"
    assert "POST /api/upscale" in answer.text


class Form(BaseModel):
    file: UploadFile = Field(description="The <picture>.")
    scale: float | None = Field(None, description="Of `1` to 4.")


def test_calls_fields_and_answers_are_drawn() -> None:
    app = FastAPI(title="A <b>", version="7.0")

    @app.post("/api/go", responses={413: {"description": "It is too large."}})
    def go(form: Annotated[Form, FormField()]) -> str:
        """Go there by `scale`."""
        return ""

    add_reference(app)
    with TestClient(app) as client:
        page = client.get("/api/").text
        assert client.get("/api", follow_redirects=False).headers["location"] == "api/"
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "POST /api/go Go there by scale." in text
    assert "file file, needed The &lt;picture&gt;." in text
    assert "scale number Of `1` to 4." in text
    assert "413 It is too large." in text
    assert "A &lt;b&gt;" in page
    assert "http" not in re.sub(r"http://www\.w3\.org\S*", "", page)  # nothing of other hosts
