"""The routes beside Gradio: binary points, JPEG pictures, JSON answers; every mistake is {"error": one sentence}."""

from __future__ import annotations

import base64
import json
import math
import socket
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hypviz.errors import SettingsError
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import page_files, routes
from hypviz.server.server import check_port
from hypviz.viz.disk import unpack
from tests.conftest import MakePicture, random_picture
from tests.server.small_site import client, library, refused, view
from tests.worlds import TinyWorld, picture_bytes

__all__ = ["client", "library", "view"]


def jpeg(answer: httpx.Response) -> Image.Image:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    picture = Image.open(BytesIO(answer.content))
    assert picture.format == "JPEG"
    return picture


def test_the_points_decode_to_the_items_of_the_view(client: TestClient, view: View) -> None:
    answer = client.get("points")
    header, arrays = unpack(answer.content)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert header["n"] == len(view.items) == len(arrays["angle"]) and header["title"] == "tiny"
    assert np.array_equal(arrays["radius"], view.embedding.radii) and np.array_equal(arrays["label"], view.items.label)
    assert [header["classes"][label] for label in arrays["label"] if label >= 0][:3] == [view.items.name(row) for row in (1, 2, 3)]
    assert np.array_equal(np.argsort(arrays["drawn"], kind="stable"), np.argsort(arrays["radius"], kind="stable"))


def test_thumbnails_and_pictures_are_jpeg(client: TestClient) -> None:
    assert max(jpeg(client.get("thumb/5")).size) == 192
    assert jpeg(client.get("image/2")).size == (192, 144)


def test_a_format_no_browser_shows_arrives_as_jpeg(tiny_world: TinyWorld, tmp_path: Path, home: Path, make_picture: MakePicture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    make_picture(tmp_path / "scans" / "a.tif", (60, 40))
    make_picture(tmp_path / "scans" / "b.jpg", (60, 40), exif=exif)
    library = Library(device="cpu")
    view = library.open(str(tmp_path / "scans"), str(tiny_world.checkpoint))
    client = TestClient(routes.build_app(library), base_url=f"http://localhost/hypviz/view/{view.key}/")
    assert jpeg(client.get("image/0")).size == (60, 40)
    assert jpeg(client.get("image/1")).size == (40, 60)  # upright, as its boxes are


def test_a_click_answers_what_the_view_says(client: TestClient, view: View) -> None:
    answer = client.post("select", json={"query": {"row": 7}, "omega": 2.2})
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(view.select({"row": 7}, 2.2)))
    calibrated = json.loads(json.dumps(view.select({"row": 7})))
    assert [client.post("select", json={"query": {"row": 7}, **more}).json() for more in ({}, {"omega": None})] == [calibrated] * 2
    drawn = client.post("select", json={"query": {"image": 1, "box": [5, 5, 80, 90]}, "omega": 1})
    assert drawn.json()["picture"]["chosen"] == [5, 5, 80, 90]


def test_an_item_id_leads_to_its_row(client: TestClient, view: View) -> None:
    assert client.get(f"row/{view.items.item_id[9]}").json() == {"row": 9}
    assert "No item 'abc'" in refused(client.get("row/abc"), 404)


def test_an_own_picture_is_taken_shown_and_searched_with(client: TestClient) -> None:
    data = picture_bytes(random_picture((50, 40), seed=3))
    answer = client.post("upload", content=data, headers={"X-File-Name": "M%C3%A4rz%201.png"})
    token = answer.json()["upload"]
    assert answer.status_code == 200
    assert jpeg(client.get(f"upload/{token}")).size == (50, 40)
    found = client.post("select", json={"query": {"upload": token}, "omega": math.pi}).json()
    assert found["picture"]["name"] == "März 1.png" and found["children_total"] == 133, "all boxes, no whole picture"
    assert len(base64.b64decode(found["members"])) == 18
    assert "no longer kept" in refused(client.get("upload/" + "0" * 32), 404)


def test_what_is_no_picture_is_refused_with_its_name(client: TestClient) -> None:
    error = refused(client.post("upload", content=b"hello", headers={"X-File-Name": "letter%0A.txt"}), 422)
    assert error.startswith("letter .txt: not a picture")
    assert refused(client.post("upload", content=b""), 422) == "the picture: the file is empty."


def test_a_picture_that_is_too_large_is_refused_while_it_arrives(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_BYTES", 1 << 20)
    error = refused(client.post("upload", content=b"\0" * (1 << 21), headers={"X-File-Name": "big.png"}), 422)
    assert error == "big.png is larger than 1 MiB, the most a picture may have."


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"query": {"row": 999}, "omega": 1}, 404, "No item 999"),
        ({"query": {"row": -1}, "omega": 1}, 422, "expected at least 0, got -1"),
        ({"query": {"row": "1"}, "omega": 1}, 422, "query → row of this request is not usable: expected a whole number, got '1'"),
        ({"query": {"row": True}, "omega": 1}, 422, "expected a whole number, got True"),
        ({"query": {"upload": "x"}, "omega": 1}, 404, "no longer kept"),
        ({"query": {"image": 0, "box": [1, 1, 1, 1]}, "omega": 1}, 404, "less than 2 pixels"),
        ({"query": {"image": 0, "box": "1234"}, "omega": 1}, 422, "four numbers"),
        ({"query": {}, "omega": 1}, 422, "A query needs"),
        ({"query": {"row": 1}, "omega": 0}, 422, "omega must be an angle"),
        ({"query": {"row": 1}, "omega": 10}, 422, "omega must be an angle"),
        ({"query": {"row": 1}, "omega": "wide"}, 422, "omega"),
        ({"omega": 1}, 422, "query"),
        ({"query": [1], "omega": 1}, 422, "query"),
        ([1, 2], 422, "not usable"),
        (None, 422, "not usable"),
        ('{"query": {"row": 1}, "omega": NaN}', 422, "which no JSON has"),
        ('{"query": {"image": 0, "box": [NaN, 0, 9, 9]}, "omega": 1}', 422, "which no JSON has"),
        ('{"query": {"row": 1}, "omega": ', 422, "not usable"),
        ("", 422, "not usable"),
        (b'{"query": "\xff\xfe"}', 400, "parsing the body"),
        ("[" * 100_000, 400, "parsing the body"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_request_is_told_so_in_one_sentence(client: TestClient, body: Any, status: int, message: str) -> None:
    raw = isinstance(body, (str, bytes))
    sent = {"content": body, "headers": {"Content-Type": "application/json"}} if raw else {"json": body}
    assert message in refused(client.post("select", **sent), status)


@pytest.mark.parametrize("address", ["thumb/141", "thumb/-1", "image/8", "row/"])
def test_a_row_that_is_not_there_is_not_found(client: TestClient, address: str) -> None:
    refused(client.get(address), 404)


@pytest.mark.parametrize("address", ["thumb/abc", "thumb/1.5", "image/1e3", "thumb/" + "9" * 5000])
def test_a_row_that_is_no_number_is_told_so(client: TestClient, address: str) -> None:
    refused(client.get(address), 422)


def test_a_view_that_is_not_open_is_told_so(client: TestClient) -> None:
    for address in ("points", "thumb/0", "image/0", "row/x"):
        assert "no longer open on the server" in refused(client.get(f"http://[::1]/hypviz/view/other/{address}"), 404)
    assert "no longer open" in refused(client.post("http://[::1]/hypviz/view/other/upload", content=b"x"), 404)
    assert "no longer open" in refused(client.post("http://[::1]/hypviz/view/other/select", json={"query": {"row": 0}, "omega": 1}), 404)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/hypviz/assets/..%2Fapp.py",
        "http://localhost/hypviz/assets/%2e%2e/app.py",
        "http://localhost/hypviz/assets/..%5Capp.py",
        "http://localhost/hypviz/assets//etc/passwd",
        "http://localhost/hypviz/assets/%2Fetc%2Fpasswd",
        "http://localhost/hypviz/assets/demo%00.js",
        "row/..%2F..%2F..%2Fetc%2Fpasswd",
        "thumb/..%2F..%2Fapp.py",
        "upload/..%2F..%2Fapp.py",
        "http://localhost/hypviz/view/..%2F..%2Fapp.py/points",
    ],
)
def test_no_address_leads_out_of_the_assets(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert 400 <= answer.status_code < 500
    assert "import" not in answer.text and "root:" not in answer.text


def test_every_answer_forbids_other_hosts(client: TestClient) -> None:
    answers = [
        client.get(address)
        for address in (
            "points",
            "thumb/0",
            "thumb/999",
            "thumb/x",
            "http://localhost/hypviz/assets/disk/disk.js",
            "http://localhost/nothing",
        )
    ]
    answers += [client.post("select", json=body) for body in ({"query": {"row": 0}, "omega": 1}, {}, {"query": {}, "omega": 1})]
    answers += [client.post("upload", content=b"x"), client.put("select"), client.get("http://localhost/hypviz/plotly.min.js")]
    assert {answer.status_code for answer in answers} == {200, 404, 405, 422}
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "http" not in policy and "*" not in policy


def test_the_addresses_of_the_page_all_answer_and_change_with_their_content(client: TestClient) -> None:
    styles = [part.split('"')[0] for part in page_files.head().split('href="')[1:]]
    assert len(styles) == len(page_files.STYLES)
    entries = [page_files.MAIN, page_files.EXPLORE, page_files.EVALUATE, page_files.ANNOTATE, page_files.TUNE, page_files.OFFLINE]
    for address in [page_files.plotly_address(), *page_files.modules(*entries), *styles]:
        answer = client.get(f"http://localhost/{address}")
        assert answer.status_code == 200 and len(answer.content) > 100
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        if "/assets/" in address:
            _, _, stamp, name = address.split("/", 3)
            assert stamp == page_files.stamp() and answer.content == (page_files.ASSETS / name).read_bytes()
            assert answer.headers["content-type"].partition(";")[0] == ("text/javascript" if name.endswith(".js") else "text/css")


def test_files_of_another_version_are_not_there_and_a_plain_name_is_asked_for_again(client: TestClient) -> None:
    assert client.get("http://localhost/hypviz/assets/0123456789abcdef/disk/disk.js").status_code == 404
    plain = client.get("http://localhost/hypviz/assets/disk/disk.js")
    assert plain.status_code == 200 and plain.headers["cache-control"] == "no-cache"
    again = client.get("http://localhost/hypviz/assets/disk/disk.js", headers={"If-None-Match": plain.headers["etag"]})
    assert again.status_code == 304


def test_the_segment_changes_with_every_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page_files, "ASSETS", tmp_path)
    seen = set()
    for name, content in (("a.js", "1"), ("b/a.js", "1"), ("b/a.js", "2"), ("b/x.css", "2"), ("c.woff2", "2")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
        seen.add(page_files.stamp.__wrapped__())
    assert len(seen) == 5


def test_a_port_in_use_is_told_in_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^Cannot listen on 127\.0\.0\.1:{port} \(.+\); choose another with --port\.$"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)  # free again


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("127.0.0.1", -1), ("no.such.host.invalid", 7860), ("192.0.2.1", 7860)])
def test_an_address_that_cannot_be_listened_on_is_told_in_one_sentence(host: str, port: int) -> None:
    with pytest.raises(SettingsError, match=r"^Cannot listen on .*\); choose another with --port\.$"):
        check_port(host, port)
