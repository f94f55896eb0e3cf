"""A hub on this machine: the routes of the Hugging Face hub that its client calls, over repositories in memory.

Models and data sets with commits and branches, large files behind a redirect to another place, uploads of small files in the commit and of
large ones before it, private and gated repositories, tokens. What comes in is written down, request by request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".jpg", ".png", ".parquet")
"""Endings of files that go to the large store, as .gitattributes of a new repository says."""
TOKEN = "hf_of_the_tests"


@dataclass
class Repository:
    """commits: of every commit its files; branches: the commit of each."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], *, branch: str = "main") -> str:
        """Add a commit whose files are exactly these; returns it."""
        text = json.dumps([branch, len(self.commits), sorted((name, hashlib.sha1(data).hexdigest()) for name, data in files.items())])
        name = hashlib.sha1(text.encode()).hexdigest()
        self.commits[name] = dict(files)
        self.branches[branch] = name
        return name

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.branches.get(revision)


@dataclass
class LocalHub:
    """endpoint: what HF_ENDPOINT is to be.  warehouse: where large files are, on another host, as a hub has it.  repositories: by
    "models/OWNER/NAME" and "datasets/OWNER/NAME".  requests: (method, path)."""

    endpoint: str = ""
    warehouse: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    store: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failing: int = 0
    """HTTP status that everything is answered with; 0 for none."""

    def add(self, name: str, files: dict[str, bytes], **kind: bool) -> Repository:
        made = self.repositories.setdefault(name, Repository(**kind))
        made.commit(files)
        return made


@contextmanager
def serving() -> Iterator[LocalHub]:
    """The hub, on a free port of this machine, until the end of the block."""
    hub = LocalHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    servers = [ThreadingHTTPServer((host, 0), handler) for host in ("127.0.0.1", "127.0.0.2")]
    hub.endpoint, hub.warehouse = (f"http://{server.server_address[0]}:{server.server_address[1]}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def git_oid(data: bytes) -> str:
    """The name that git gives a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def _answer(self, method: str) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append((method, path))
        if self.hub.failing:
            return self._json({"error": "out of order"}, self.hub.failing)
        for pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match is not None:
                return answer(self, body, **match.groupdict())
        return self._json({"error": f"no route {method} {path}"}, 404)

    # what is sent back

    def _json(self, content: Any, status: int = 200, **headers: str) -> None:
        self._send(json.dumps(content).encode(), status, **{"Content-Type": "application/json", **headers})

    def _send(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, code: str, status: int) -> None:
        self._json({"error": code}, status, X_Error_Code=code, X_Error_Message=code)

    # who asks for what

    @property
    def _may(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _repository(self, kind: str, repo: str) -> Repository | None:
        found = self.hub.repositories.get(f"{kind}/{repo}")
        if found is None or (found.private and not self._may):
            self._refuse("RepoNotFound", 404 if self._may else 401)
            return None
        return found

    def _commit(self, kind: str, repo: str, revision: str) -> tuple[Repository, str] | None:
        found = self._repository(kind, repo)
        if found is None:
            return None
        commit = found.resolve(revision or "main")
        if commit is None:
            self._refuse("RevisionNotFound", 404)
            return None
        return found, commit

    # the routes

    def info(self, _body: bytes, kind: str, repo: str, revision: str = "main") -> None:
        at = self._commit(kind, repo, revision)
        if at is not None:
            siblings = [{"rfilename": name} for name in at[0].commits[at[1]]]
            self._json({"_id": "1", "id": repo, "sha": at[1], "private": at[0].private, "siblings": siblings, "tags": [], "downloads": 0})

    def tree(self, _body: bytes, kind: str, repo: str, revision: str) -> None:
        at = self._commit(kind, repo, revision)
        if at is None:
            return
        entries = []
        for name, data in at[0].commits[at[1]].items():
            entry = {"type": "file", "path": name, "size": len(data), "oid": git_oid(data)}
            if name.endswith(LARGE):
                entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            entries.append(entry)
        self._json(entries)

    def resolve(self, _body: bytes, repo: str, revision: str, name: str, kind: str | None = None) -> None:
        at = self._commit((kind or "models/").rstrip("/"), repo, revision)
        if at is None:
            return None
        if at[0].gated and not self._may:
            return self._refuse("GatedRepo", 403)
        data = at[0].commits[at[1]].get(name)
        if data is None:
            return self._json({"error": "none"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=at[1])
        if not name.endswith(LARGE):
            return self._send(data, ETag=f'"{git_oid(data)}"', X_Repo_Commit=at[1])
        oid = hashlib.sha256(data).hexdigest()
        self.hub.store[oid] = data
        place = f"{self.hub.warehouse}/store/{oid}"
        return self._send(b"", 302, Location=place, X_Linked_Etag=f'"{oid}"', X_Linked_Size=str(len(data)), X_Repo_Commit=at[1])

    def stored(self, body: bytes, oid: str) -> None:
        if self.command == "PUT":
            assert hashlib.sha256(body).hexdigest() == oid
            self.hub.store[oid] = body
            return self._send(b"", ETag=f'"{oid}"')
        return self._send(self.hub.store[oid], ETag=f'"{oid}"')

    def create(self, body: bytes) -> None:
        if not self._may:
            return self._json({"error": "Invalid username or password."}, 401)
        asked = json.loads(body)
        kind, repo = f"{asked.get('type', 'model')}s", f"{asked['organization']}/{asked['name']}"
        if f"{kind}/{repo}" in self.hub.repositories:
            return self._json({"error": "You already created this repo", "url": f"{self.hub.endpoint}/{repo}"}, 409)
        self.hub.add(f"{kind}/{repo}", {".gitattributes": b"*.safetensors filter=lfs\n"}, private=asked.get("visibility") == "private")
        return self._json({"url": f"{self.hub.endpoint}/{'' if kind == 'models' else f'{kind}/'}{repo}", "id": repo})

    def yaml(self, body: bytes) -> None:
        import yaml

        header = json.loads(body)["content"].split("---")[1]
        wrong = [] if isinstance(yaml.safe_load(header), dict) else [{"message": "no mapping"}]
        self._json({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def preupload(self, body: bytes, kind: str, repo: str, revision: str) -> None:
        at = self._commit(kind, repo, revision)
        if at is None:
            return
        files = [
            {"path": one["path"], "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular", "shouldIgnore": False}
            for one in json.loads(body)["files"]
        ]
        self._json({"files": files})

    def batch(self, body: bytes, repo: str, kind: str | None = None) -> None:
        if self._repository((kind or "models/").rstrip("/"), repo) is None:
            return
        objects = [
            {
                "oid": one["oid"],
                "size": one["size"],
                **(
                    {}
                    if one["oid"] in self.hub.store
                    else {"actions": {"upload": {"href": f"{self.hub.warehouse}/store/{one['oid']}", "header": {}}}}
                ),
            }
            for one in json.loads(body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def commit(self, body: bytes, kind: str, repo: str, revision: str) -> None:
        at = self._commit(kind, repo, revision)
        if at is None:
            return None
        if not self._may:
            return self._json({"error": "no right to write"}, 403)
        files = dict(at[0].commits[at[1]])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.store[value["oid"]]
        made = at[0].commit(files)
        return self._json({"commitUrl": f"{self.hub.endpoint}/{repo}/commit/{made}", "commitOid": made, "success": True})


_KIND, _REPO = r"(?P<kind>models|datasets)", r"(?P<repo>[^/]+/[^/]+)"
_ROUTES = [
    (r"/api/repos/create", _Handler.create),
    (r"/api/validate-yaml", _Handler.yaml),
    (rf"/api/{_KIND}/{_REPO}", _Handler.info),
    (rf"/api/{_KIND}/{_REPO}/revision/(?P<revision>.+)", _Handler.info),
    (rf"/api/{_KIND}/{_REPO}/tree/(?P<revision>[^/]+)", _Handler.tree),
    (rf"/api/{_KIND}/{_REPO}/preupload/(?P<revision>[^/]+)", _Handler.preupload),
    (rf"/api/{_KIND}/{_REPO}/commit/(?P<revision>[^/]+)", _Handler.commit),
    (r"/store/(?P<oid>[0-9a-f]+)", _Handler.stored),
    (rf"/(?P<kind>datasets/)?{_REPO}\.git/info/lfs/objects/batch", _Handler.batch),
    (rf"/(?P<kind>datasets/)?{_REPO}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", _Handler.resolve),
]
"""Patterns of paths, the first that fits answers."""
