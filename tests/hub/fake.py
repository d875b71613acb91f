"""A Hub of one's own: a server on this machine that answers the requests of huggingface_hub, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT, OTHER = "a" * 40, "b" * 40
NAME = "owner/model"


class FakeHub:
    """One repository, NAME: its files at the commit that `main` is, and at none else; what is uploaded to it; and what
    goes wrong. A fault is a function that answers a request in place of the Hub, or says by False that it does not."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.commit = files, COMMIT
        self.etags: dict[str, str] = {}  # in the place of the sha256 of a file
        self.fault: Callable[[Answer], bool] = lambda _: False
        self.asked: list[str] = []  # method and path of each request
        self.uploaded: dict[str, bytes] = {}
        self.card_of_commit: list[dict[str, Any]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        self.server.hub = self  # type: ignore[attr-defined]
        self.stopped = threading.Event()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def etag(self, file: str) -> str:
        """What the Hub says that identifies a file."""
        return self.etags.get(file, hashlib.sha256(self.files[file]).hexdigest())

    def close(self) -> None:
        """Stop the server."""
        self.stopped.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class Answer(BaseHTTPRequestHandler):
    """An answer of the Hub to one request."""

    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> FakeHub:
        """The Hub that answers."""
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def answer(self) -> None:
        """Answer as the Hub would, or as the fault does."""
        self.hub.asked.append(f"{self.command} {self.path}")
        self.body = self.read_body()
        if self.hub.fault(self):
            return
        path, _, _ = self.path.partition("?")
        if match := re.fullmatch(rf"/{NAME}/resolve/([^/]+)/(.+)", path):
            self.file(*match.groups())
        elif match := re.fullmatch(rf"/api/models/{NAME}(?:/revision/([^/]+))?", path):
            siblings = [{"rfilename": file} for file in self.hub.files]
            self.json({"id": NAME, "sha": self.hub.commit, "siblings": siblings}, match[1])
        elif match := re.fullmatch(rf"/api/models/{NAME}/tree/([^/]+)", path):
            entries = [
                {"type": "file", "path": file, "size": len(data), "oid": "c" * 40}
                for file, data in self.hub.files.items()
            ]
            self.json(entries, match[1])
        elif self.command in ("POST", "PUT"):
            self.upload(path)
        else:
            self.refuse(404, "RepoNotFound")

    def read_body(self) -> bytes:
        """The body of the request, in one piece or in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def file(self, revision: str, file: str) -> None:
        """A file at a revision, or the part of it that is asked for."""
        if revision not in ("main", self.hub.commit):
            self.refuse(404, "RevisionNotFound")
        elif file not in self.hub.files:
            self.refuse(404, "EntryNotFound")
        else:
            data = self.hub.files[file]
            start = int((re.match(r"bytes=(\d+)-", self.headers.get("Range") or "") or [0, 0])[1])
            self.send(206 if start else 200, data[start:], self.of_file(file))

    def of_file(self, file: str) -> dict[str, str]:
        """The headers that say which file it is."""
        return {"X-Repo-Commit": self.hub.commit, "ETag": f'"{self.hub.etag(file)}"'}

    def upload(self, path: str) -> None:
        """What a push asks: a repository, how files are to be sent, the files, and the commit."""
        if path == "/api/repos/create":
            self.json({"url": f"{self.hub.url}/{NAME}", "id": NAME})
        elif path.endswith("/validate-yaml"):
            self.json({"errors": [], "warnings": []})
        elif path.endswith("/preupload/main"):
            files = [file["path"] for file in json.loads(self.body)["files"]]
            modes = [
                {
                    "path": file,
                    "uploadMode": "lfs" if file.endswith(".safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for file in files
            ]
            self.json({"files": modes})
        elif path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(self.body)["objects"]
            for entry in objects:
                entry["actions"] = {"upload": {"href": f"{self.hub.url}/lfs/{entry['oid']}"}}
            self.json({"transfer": "basic", "objects": objects})
        elif path.startswith("/lfs/"):
            self.hub.uploaded[path.removeprefix("/lfs/")] = self.body
            self.send(200, b"")
        elif path.endswith("/commit/main"):
            self.hub.card_of_commit = [json.loads(line) for line in self.body.splitlines()]
            self.json({"commitUrl": f"{self.hub.url}/{NAME}/commit/{OTHER}", "commitOid": OTHER, "success": True})
        else:
            self.refuse(404, "RepoNotFound")

    def json(self, value: Any, revision: str | None = None) -> None:
        """A value as JSON, if the revision is one that there is."""
        if revision not in (None, "main", self.hub.commit):
            self.refuse(404, "RevisionNotFound")
        else:
            self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def refuse(self, status: int, code: str = "") -> None:
        """An error as the Hub words it."""
        self.send(status, b"", {"X-Error-Code": code} if code else {})

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, sent: int | None = None) -> None:
        """An answer of which so many bytes are sent, before the connection is cut; by default all."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])
            self.close_connection = sent is not None

    def log_message(self, *_: object) -> None:
        """Nothing."""
