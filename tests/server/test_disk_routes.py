"""The routes of the disk: what the view says, as bytes and JSON; every mistake one sentence with a fitting status."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from hypviz.explore.view import View
from hypviz.viz.disk import unpack
from tests.server.small_site import client, library, refused, view

__all__ = ["client", "library", "view"]


def same(answer: httpx.Response, expected: Any) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.json() == json.loads(json.dumps(expected))


def test_points_come_in_every_layout_and_as_a_sample(client: TestClient, view: View) -> None:
    assert client.get("points").content == client.get("points?layout=hierarchy").content == view.points()
    pca = unpack(client.get("points?layout=pca").content)
    assert pca[0]["layout"] == "pca" and np.array_equal(pca[1]["angle"], view.disks.angles("pca"))
    header, arrays = unpack(client.get("points?budget=30&focus=140,%207").content)
    assert {140, 7, *view.hierarchy.ancestors_of(140).tolist()} <= set(arrays["row"].tolist())
    assert header["n"] < 141 == header["total"]
    header, arrays = unpack(client.post("rows", json={"layout": "pca", "rows": [9, 4]}).content)
    assert arrays["row"].tolist() == [4, 9] and np.array_equal(arrays["angle"], view.disks.angles("pca")[[4, 9]])
    window = {"angle": [0, 7], "radius": [0, 99]}
    header, arrays = unpack(client.post("more", json={"layout": "pca", "window": window, "budget": 5}).content)
    assert (header["n"], header["layout"]) == (5, "pca") and header["how"].startswith("5 of 141 further items")


def test_layouts_scores_and_items_are_those_of_the_view(client: TestClient, view: View) -> None:
    same(client.get("layouts"), view.layouts())
    same(client.get("honesty?layout=pca"), view.honesty("pca"))
    same(client.get("item/9"), view.cards.full(9))


def test_cones_and_what_they_share_are_those_of_the_view(client: TestClient, view: View) -> None:
    same(client.post("cone", json={"query": {"row": 3}, "omega": 1.5}), view.queries.cone({"row": 3}, 1.5))
    same(client.post("cone", json={"query": {"row": 3}, "omega": 1, "kind": "aperture"}), view.queries.cone({"row": 3}, 1, "aperture"))
    queries = [{"row": 3}, {"image": 0, "box": [5, 5, 60, 60]}]
    same(client.post("common", json={"queries": queries, "omega": 2.9}), view.queries.common(queries, 2.9))


def test_filters_regions_and_lists_are_those_of_the_view(client: TestClient, view: View) -> None:
    wanted = {"depths": [1], "same_image": 30}
    same(client.post("find", json={"filter": wanted}), view.queries.find(wanted))
    region = {"layout": "hierarchy", "view": {"centre": [0.2, 0]}, "polygon": [[-1, -1], [1, -1], [0, 1]]}
    same(client.post("select_region", json=region), view.queries.region(region))
    asked = {"filter": wanted, "offset": 1, "limit": 2, "order": "radius", "down": True}
    same(client.post("items", json=asked), view.queries.listing(wanted, offset=1, limit=2, order="radius", down=True))


@pytest.mark.parametrize(
    ("format", "media", "ending"),
    [
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("json", "application/json", "json"),
        ("parquet", "application/vnd.apache.parquet", "parquet"),
        ("coco", "application/json", "coco.json"),
    ],
)
def test_an_export_is_a_download_of_the_right_kind(client: TestClient, view: View, format: str, media: str, ending: str) -> None:
    for body in ({"rows": [2, 5]}, {"filter": {"rows": [2, 5]}}, {"ids": view.items.item_id[[2, 5]].tolist()}):
        answer = client.post("export", json={**body, "format": format})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.headers["content-disposition"] == f'attachment; filename="tiny.{ending}"'
        assert answer.content == view.queries.export({"rows": [2, 5]}, format).data


@pytest.mark.parametrize(
    ("address", "body", "status", "message"),
    [
        ("points?layout=tsne", None, 422, "must be one of hierarchy"),
        ("points?budget=0", None, 404, "A budget is a number"),
        ("points?budget=x", None, 422, "budget"),
        ("points?focus=999", None, 404, "No item 999"),
        ("points?focus=a", None, 422, "focus must be at most 64 row numbers"),
        ("points?focus=" + ",".join("1" * 65), None, 422, "focus must be at most 64 row numbers"),
        ("honesty?layout=x", None, 422, "must be one of hierarchy"),
        ("item/141", None, 404, "No item 141"),
        ("item/x", None, 422, "row"),
        ("rows", {"rows": [141]}, 404, "Rows must be in 0…140"),
        ("rows", {"rows": "1"}, 422, "rows"),
        ("rows", {"rows": [2**70]}, 422, "expected at most 2147483647"),
        ("find", {"filter": {"radius": [0, 10**400]}}, 422, "expected [from, to]"),
        ("rows", {"rows": [1], "layout": "x"}, 422, "must be one of hierarchy"),
        ("more", {}, 404, "3 to 10,000 corners"),
        ("more", {"window": {"angle": [0, 1]}}, 422, "expected a window"),
        ("cone", {"query": {"row": 3}, "omega": 0}, 422, "omega must be an angle"),
        ("cone", {"query": {"row": 3}, "omega": 1, "kind": "x"}, 422, "kind must be one of"),
        ("cone", {"query": {}, "omega": 1}, 422, "A query needs"),
        ("common", {"queries": [], "omega": 1}, 404, "Choose 1 to 16 items"),
        ("find", {"filter": {"nothing": 1}}, 422, "A filter has no 'nothing'"),
        ("find", {}, 422, "filter"),
        ("select_region", {"polygon": [[0, 0]]}, 422, "3 to 10,000 corners"),
        ("select_region", {"polygon": [[0, 0], [1, 0], [1, 1]], "view": {"centre": [1, 1]}}, 404, "inside the disk"),
        ("items", {"filter": {}, "limit": 1000}, 404, "1 to 500 items"),
        ("items", {"filter": {}, "order": "size"}, 422, "order must be one of"),
        ("export", {"format": "csv"}, 404, "Say which items are meant"),
        ("export", {"rows": [], "format": "csv"}, 404, "Nothing is selected"),
        ("export", {"rows": [1], "format": "xls"}, 422, "format must be one of"),
        ("offline.html", {"row": 141}, 404, "No item 141"),
        ("offline.html", {"layout": "x"}, 422, "must be one of hierarchy"),
        ("offline.html", {"view": {"centre": [2, 0]}}, 404, "inside the disk"),
        ("offline.html", {"view": 3}, 422, "body → view of this request is not usable: expected an object, got 3"),
        ("offline.html", {"pins": [1] * 9}, 422, "at most 8 pinned cones"),
        ("offline.html", {"omega": "wide"}, 422, "omega of this request is not usable: expected a number, got 'wide'"),
    ],
)
def test_a_wrong_request_is_told_so_in_one_sentence(client: TestClient, address: str, body: Any, status: int, message: str) -> None:
    answer = client.get(address) if body is None else client.post(address, json=body)
    assert message in refused(answer, status)
