"""The page ``/api/``: what the API takes and answers, drawn from its OpenAPI document.

The usual viewers of such documents are loaded from other hosts; this one needs none.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader


def add_reference(app: FastAPI) -> None:
    """Add the page."""

    @app.get("/api/", include_in_schema=False)
    def reference() -> HTMLResponse:
        document = app.openapi()
        loader = FileSystemLoader(Path(__file__).parent)
        template = Environment(loader=loader, autoescape=True).get_template("reference.html.j2")
        return HTMLResponse(template.render(info=document["info"], calls=_calls(document)))

    @app.get("/api", include_in_schema=False)
    def short() -> RedirectResponse:
        return RedirectResponse("api/")


def _calls(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Method, path, fields and answers of each call."""
    schemas = document["components"]["schemas"]
    return [
        {
            "method": method.upper(),
            "path": path,
            "text": call.get("description", "").replace("`", ""),
            "fields": _fields(call, schemas),
            "answers": [
                (code, answer["description"]) for code, answer in call["responses"].items()
            ],
        }
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    ]


def _fields(call: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, kind and meaning of each field of a form."""
    content = call.get("requestBody", {}).get("content", {})
    fields = []
    for form in content.values():
        schema = schemas[form["schema"]["$ref"].rsplit("/", 1)[-1]]
        for name, field in schema["properties"].items():
            kinds = [each.get("type", "") for each in field.get("anyOf", [field])]
            kind = "file" if field.get("type") == "string" and name == "file" else kinds[0]
            needed = ", needed" if name in schema.get("required", ()) else ""
            fields.append((name, kind + needed, field.get("description", "")))
    return fields
