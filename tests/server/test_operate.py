"""What whoever runs a server needs: health, logs that name time, client and request, an end that loses nothing, uploads that expire."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hypviz.access.logs import RequestTag, request_tag, set_up
from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings, gradio_files
from hypviz.server.edge.gradio_files import GradioFiles, own_folder, sweep
from hypviz.server.server import build_site
from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(home: Path) -> TestClient:
    return TestClient(routes.build_app(Library(device="cpu"), EdgeSettings(log_all=True)), base_url="http://localhost")


class Lines:
    """What is logged to standard error."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What is logged, with the log as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield Lines(capsys)
    root.handlers[:] = before
    root.setLevel(level)


def test_health_is_told_to_everybody_and_says_when_the_disk_is_full(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    monkeypatch.setattr("hypviz.storage.home.free_bytes", lambda _: 1 << 20)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "the disk is full")


def test_every_request_is_a_line_with_time_client_and_id(client: TestClient, lines: Lines) -> None:
    set_up("info", "json")
    answer = client.get("/hypviz/view/none/points", headers={"Authorization": "Basic c2VjcmV0", "Cookie": "hypviz-7860-session=secret"})
    client.get("/healthz")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    access = [line for line in told if line["logger"] == "hypviz.access"]
    assert len(access) == 1  # a probe every second is no news
    line = access[0]
    assert (line["method"], line["path"], line["status"], line["client"]) == ("GET", "/hypviz/view/none/points", 404, "testclient")
    assert line["request"] == answer.headers["x-request-id"] and re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert line["milliseconds"] >= 0 and "secret" not in lines.getvalue() and "c2VjcmV0" not in lines.getvalue()


@pytest.mark.parametrize("form", ["plain", "json"])
def test_nobody_writes_a_line_of_their_own(client: TestClient, lines: Lines, form: str) -> None:
    set_up("info", form)
    client.get("/hypviz/tune/jobs/a%0AERROR%20root%20broken%1b[31m")
    assert len(lines.getvalue().splitlines()) == 1 and "\x1b" not in lines.getvalue()


def test_a_terminal_sees_messages_alone_and_requests_with_their_tag(lines: Lines) -> None:
    set_up("info", "plain")
    log = logging.getLogger("hypviz.test")
    log.info("open")
    log.debug("unseen")
    token = request_tag.set(RequestTag("10.0.0.7", "ab12cd34"))
    log.warning("odd")
    request_tag.reset(token)
    first, second = lines.getvalue().splitlines()
    assert first == "open" and re.fullmatch(r"\S+Z WARNING 10\.0\.0\.7 ab12cd34 odd", second)


def test_a_level_is_kept_to(client: TestClient, lines: Lines) -> None:
    set_up("error", "plain")
    client.get("/hypviz/tune/jobs", headers={"Host": "evil.example"})
    assert lines.getvalue() == ""
    set_up("warning", "plain")
    client.get("/hypviz/tune/jobs", headers={"Host": "evil.example"})
    assert "421" in lines.getvalue()


STOPPED = """
import sys, threading, time
from pathlib import Path
from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.edge import EdgeSettings
from hypviz.server.server import make_server
said = Path(sys.argv[1])
settings = EdgeSettings(port=0)
app = routes.build_app(Library(device="cpu"), settings)
def close():
    said.write_text("saving")
    time.sleep(float(sys.argv[2]))
    said.write_text("saved")
app.state.tuner.close = close
server = make_server(app, settings)
def announce():
    while not server.started: time.sleep(0.02)
    print("open", flush=True)
threading.Thread(target=announce, daemon=True).start()
server.run()
"""


def start(said: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(said), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"HYPVIZ_HOME": str(said.parent / "home")},
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    return process


def test_sigterm_ends_the_server_when_its_training_has_saved(tmp_path: Path) -> None:
    process = start(tmp_path / "said", 1.0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM and (tmp_path / "said").read_text() == "saved"


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    process = start(tmp_path / "said", 600.0)
    process.send_signal(signal.SIGINT)
    for _ in range(1200):
        if (tmp_path / "said").exists():
            break
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert (tmp_path / "said").read_text() == "saving"


def test_the_training_is_told_to_save_at_the_end_of_every_server(home: Path) -> None:
    app, closed = routes.build_app(Library(device="cpu")), []
    app.state.tuner.close = lambda: closed.append(True)
    with TestClient(app, base_url="http://localhost"):
        assert not closed
    assert closed == [True]


def test_gradios_uploads_lie_in_a_folder_of_this_server_and_expire(tmp_path: Path) -> None:
    folder = own_folder()
    assert os.environ["GRADIO_TEMP_DIR"] == str(folder) and own_folder() == folder and folder.stat().st_mode & 0o077 == 0
    for name, age in (("a/old.png", 7200), ("a/new.png", 60), ("b/old.png", 7200)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age, time.time() - age))
    assert sweep(tmp_path, older_than=3600) == 2
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["a", "a/new.png"]


def test_gradios_uploads_have_a_quota_and_a_pace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fastapi import FastAPI

    monkeypatch.setattr("hypviz.server.edge.gradio_files.own_folder", lambda: tmp_path)
    app = FastAPI()
    app.add_middleware(GradioFiles, max_bytes=1000, max_files=5)

    @app.post("/gradio_api/upload")
    def taken() -> str:
        return "taken"

    client = TestClient(app)
    assert client.post("/gradio_api/upload").status_code == 200
    (tmp_path / "large").write_bytes(bytes(1001))
    answer = client.post("/gradio_api/upload")
    assert answer.status_code == 507 and "as many files as it has room for" in answer.json()["error"]
    (tmp_path / "large").unlink()
    assert {client.post("/gradio_api/upload").status_code for _ in range(40)} == {200, 429}


def test_an_upload_goes_by_itself_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gradio_files, "_folder", None)
    monkeypatch.setattr(gradio_files, "SWEEP_S", 0.02)
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # put back as it was afterwards
    folder = own_folder()
    old, new = folder / "old.png", folder / "new.png"
    new.write_bytes(b"x")
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    for _ in range(3000):
        if not old.exists():
            break
        time.sleep(0.02)
    assert not old.exists() and new.exists()
    shutil.rmtree(folder)  # which ends the looking


def test_the_page_takes_gradios_uploads_at_a_pace(tiny_world: TinyWorld, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradio_files, "PER_VISITOR", (2, 600.0))
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    client = TestClient(build_site(library, "tiny", "tiny"), base_url="http://localhost")
    picture = {"files": ("a.png", b"x")}
    assert [client.post("/gradio_api/upload", files=picture).status_code for _ in range(3)] == [200, 200, 429]


def test_uploads_of_a_server_that_was_killed_go_when_the_next_one_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, living = (tmp_path / f"{gradio_files.PREFIX}{process}-abc" for process in (gone.pid, os.getppid()))
    for folder in (left, living, tmp_path / "somebody else's"):
        folder.mkdir()
        (folder / "a.png").write_bytes(b"x")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gradio_files, "_folder", None)
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # put back as it was afterwards
    own = own_folder()
    assert not left.exists() and {path.name for path in tmp_path.iterdir()} == {own.name, living.name, "somebody else's"}
    shutil.rmtree(own)
