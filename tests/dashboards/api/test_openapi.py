"""The OpenAPI document matches the API, as Schemathesis tests with generated requests."""

from __future__ import annotations

import os
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
    """Return the JSON content of every request and response."""
    params = []
    for name, operation in OPERATIONS.items():
        parts = {"request": operation.get("requestBody", {})} | operation["responses"]
        for part, described in parts.items():
            content = described.get("content", {}).get("application/json")
            if content is not None:
                params.append(pytest.param(content, id=f"{name} {part}"))
    return params


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Add the components that a schema refers to."""
    return schema | {"components": DOCUMENT["components"]}


@pytest.mark.parametrize("content", contents())
def test_every_example_matches_its_schema(content: dict[str, Any]) -> None:
    schema = content["schema"]
    examples = [content["example"]] if "example" in content else []
    if not examples:
        name = schema["$ref"].rpartition("/")[2]
        examples = DOCUMENT["components"]["schemas"][name]["examples"]
    validator = Draft202012Validator(resolved(schema))
    assert examples
    assert [error.message for example in examples for error in validator.iter_errors(example)] == []


@pytest.mark.slow
def test_responses_to_generated_requests_match_the_document(store_url: str, tmp_path: Path) -> None:
    with Served(tmp_path, store_url) as served:
        with Store.open(store_url) as store:
            fill(store)
        ran = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis",
                *("run", f"{served.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {served.keys['admin']}"),
                *("--exclude-path", "/stream"),  # which never ends
                # An opaque cursor, and a period that ends before it begins, are not of a schema.
                *("--exclude-checks", "positive_data_acceptance"),
                *("--max-examples", "15"),
                # Ids with a slash are filtered out: that says something of the generator only.
                *("--suppress-health-check", "filter_too_much"),
                *(("--seed", "1") if "CI" in os.environ else ()),
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
    assert ran.returncode == 0, ran.stdout[-8000:]


def test_the_entries_of_docstrings_describe_properties() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    described = schemas["RegistryState"]["properties"]["since_ms"]["description"]
    assert described.startswith("Time of the last change")
    assert [
        name for name, schema in schemas.items() if "----" in schema.get("description", "")
    ] == []
