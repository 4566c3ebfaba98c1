"""The OpenAPI document is true: Schemathesis asks for everything that it allows, and more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from badbuzz.store.database import Store
from dashboards.api.app import new_app
from tests.support.served import Served, fill

DOCUMENT = new_app().openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def contents() -> list[Any]:
    """Every request and answer that has JSON, by what it is of."""
    found = []
    for name, operation in OPERATIONS.items():
        parts = {"request": operation.get("requestBody", {})} | operation["responses"]
        for part, told in parts.items():
            content = told.get("content", {}).get("application/json")
            if content is not None:
                found.append(pytest.param(content, id=f"{name} {part}"))
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with what it refers to beside it."""
    return schema | {"components": DOCUMENT["components"]}


@pytest.mark.parametrize("content", contents())
def test_every_example_is_as_its_schema_says(content: dict[str, Any]) -> None:
    schema = content["schema"]
    examples = [content["example"]] if "example" in content else []
    if not examples:
        name = schema["$ref"].rpartition("/")[2]
        examples = DOCUMENT["components"]["schemas"][name]["examples"]
    validator = Draft202012Validator(resolved(schema))
    assert examples
    assert [error.message for one in examples for error in validator.iter_errors(one)] == []


@pytest.mark.slow
def test_whatever_is_asked_is_answered_as_the_document_says(store_url: str, tmp_path: Path) -> None:
    with Served(tmp_path, store_url) as served:
        with Store.open(store_url) as store:
            fill(store)
        found = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("run", f"{served.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {served.keys['admin']}"),
                *("--exclude-path", "/stream"),  # which never ends
                # An opaque cursor, and a period that ends before it begins, are not of a schema.
                *("--exclude-checks", "positive_data_acceptance"),
                *("--max-examples", "30"),
                *("--generation-database", "none"),
                *("--request-timeout", "20"),
                *("--no-color", "--warnings", "off"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,  # only so that it ends: a busy machine takes minutes
        )
    assert found.returncode == 0, found.stdout[-8000:]
