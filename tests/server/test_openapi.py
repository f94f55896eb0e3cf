"""The description of the routes says what each of them reads, and each reads what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.server import routes
from tests.server.every_route import every_route
from tests.server.small_site import client, library, refused, view

__all__ = ["client", "library", "view"]
Json = dict[str, Any]
FILES = {"/hypviz/view/{key}/upload", "/hypviz/tune/set"}
"""Routes whose body is a file."""
NO_BODY = {
    "/hypviz/annotate/apply",
    "/hypviz/evaluate/cancel/{job}",
    "/hypviz/evaluate/{view}/run",
    "/hypviz/propose/cancel/{job}",
    "/hypviz/propose/{view}/run",
    "/hypviz/logout",
    "/hypviz/tune/intake/{name}/cancel",
    "/hypviz/tune/jobs/{name}/undo",
    "/hypviz/tune/jobs/{name}/{act}",
}
"""Routes that read none."""


@pytest.fixture(scope="module")
def description() -> Json:
    client = TestClient(routes.build_app(Library(device="cpu")), base_url="http://localhost")
    answer = client.get(routes.OPENAPI)
    assert answer.status_code == 200
    content: Json = answer.json()
    return content


def writing_routes() -> Iterator[tuple[str, str]]:
    for method, path in every_route(routes.build_app(Library(device="cpu"))):
        if method in ("POST", "PUT") and path.startswith("/hypviz/"):
            yield method, path


def resolved(description: Json, schema: Json) -> Json:
    """A schema behind its reference."""
    if "$ref" not in schema:
        return schema
    component: Json = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return component


def test_every_route_that_reads_a_body_says_what_is_in_it(description: Json) -> None:
    count = 0
    for method, path in writing_routes():
        body = description["paths"][path][method.lower()].get("requestBody")
        if path in NO_BODY:
            assert body is None, path
            continue
        (content,) = body["content"].values()
        schema = resolved(description, content["schema"])
        if path in FILES:
            assert schema == {"type": "string", "format": "binary"}
            continue
        assert schema.get("properties"), (method, path)
        assert all({"type", "$ref", "anyOf"} & resolved(description, part).keys() for part in schema["properties"].values()), path
        count += 1
    assert count > 20


def test_a_filter_a_region_and_a_row_are_each_described_once(description: Json) -> None:
    schemas = description["components"]["schemas"]
    assert [name for name in schemas if "same_image" in schemas[name]["properties"]] == ["Filter"]
    assert {name for name in schemas if "polygon" in schemas[name]["properties"]} == {"Region", "MoreBody"}
    filter_ = schemas["Filter"]
    assert filter_["additionalProperties"] is False and filter_["properties"]["flags"]["anyOf"][0]["items"]["enum"][:2] == [
        "outside_cone",
        "inverted",
    ]
    row = schemas["PlaceQuery"]["properties"]["row"]["anyOf"][0]
    rows = schemas["RowsBody"]["properties"]["rows"]["items"]
    assert (row["type"], row["minimum"], row["maximum"]) == ("integer", 0, 2**31 - 1) == (rows["type"], rows["minimum"], rows["maximum"])


def test_what_is_described_as_wrong_is_refused_and_the_rest_is_answered(client: TestClient, view: Any) -> None:
    assert client.post("rows", json={"rows": [0, 1]}).status_code == 200
    assert "expected at least 0, got -1" in refused(client.post("rows", json={"rows": [-1]}), 422)
    assert client.post("find", json={"filter": {"classes": False, "text": "", "depths": []}}).json()["total"] == len(view.items)
    assert "A filter has no 'size'; it knows branches, classes" in refused(client.post("find", json={"filter": {"size": 1}}), 422)
    long = {"query": {"image": 0, "box": list(range(100_000))}}
    assert refused(client.post("select", json=long), 422).endswith("expected four numbers x1, y1, x2, y2, got a list of 100,000.")


@pytest.mark.parametrize(
    "query", [{"row": 3, "box": "no box"}, {"image": 0, "box": [1, 1, 50, 50], "row": "none"}, {"row": 3, "seen": {"never": "mind"}}]
)
def test_of_a_place_only_what_counts_is_looked_at(client: TestClient, query: Json) -> None:
    assert client.post("cone", json={"query": query}).status_code == 200
