# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the model hub, on loopback, from folders.

It speaks what huggingface_hub asks for while loading a model, so that the real client runs unpatched:
start it, set HF_ENDPOINT to its URL, and `from_pretrained("org/name")` downloads from the folder.

    python examples/hub/hub.py DIR        serves DIR/org/name/... until interrupted

    HEAD, GET /{org}/{name}/resolve/{revision}/{path}       ETag = git blob SHA-1, X-Repo-Commit, Content-Length
    GET /api/models/{org}/{name}[/revision/{revision}]      id, sha, siblings
    GET /api/models/{org}/{name}/tree/{revision}[/{folder}] type, path, size, oid
    anything else                                           404 with X-Error-Code, as the client expects
"""
import hashlib
import json
import re
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROUTE_RESOLVE = re.compile(r"^/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)$")
ROUTE_MODEL = re.compile(r"^/api/models/([\w.-]+/[\w.-]+)(?:/revision/([^/]+))?$")
ROUTE_TREE = re.compile(r"^/api/models/([\w.-]+/[\w.-]+)/tree/([^/]+)(?:/(.*))?$")


def blob_id(data):
    """The name git gives to these bytes; the client uses the ETag as the file name in its cache."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repository:
    """The files of one folder at one commit. The commit follows from the content: new bytes, new commit."""

    def __init__(self, name, folder):
        folder = Path(folder)
        self.name = name
        self.files = {
            p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
        }
        listing = "".join(f"{path} {blob_id(data)}\n" for path, data in self.files.items())
        self.commit = hashlib.sha1(f"{name}\n{listing}".encode()).hexdigest()

    def has_revision(self, revision):
        return revision in ("main", self.commit)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=(), kind="application/octet-stream"):
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, code, headers=()):
        self.reply(404, json.dumps({"error": code}).encode(), [("X-Error-Code", code), *headers], "application/json")

    def answer_json(self, value):
        self.reply(200, json.dumps(value).encode(), kind="application/json")

    def resolve(self, repo, path):
        data = repo.files.get(path)
        if data is None:
            return self.refuse("EntryNotFound", [("X-Repo-Commit", repo.commit)])
        headers = [("ETag", f'"{blob_id(data)}"'), ("X-Repo-Commit", repo.commit), ("Accept-Ranges", "bytes")]
        return self.reply(200, data, headers)

    def model(self, repo):
        return self.answer_json(
            {
                "_id": repo.commit[:24],
                "id": repo.name,
                "modelId": repo.name,
                "sha": repo.commit,
                "private": False,
                "gated": False,
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "siblings": [{"rfilename": path} for path in repo.files],
            }
        )

    def tree(self, repo, folder):
        prefix = folder.rstrip("/") + "/" if folder else ""
        rows = [
            {"type": "file", "path": path, "size": len(data), "oid": blob_id(data)}
            for path, data in repo.files.items()
            if path.startswith(prefix)
        ]
        if prefix and not rows:
            return self.refuse("EntryNotFound", [("X-Repo-Commit", repo.commit)])
        return self.answer_json(rows)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        self.server.requests.append((self.command, path))
        for route, act in ((ROUTE_RESOLVE, self.resolve), (ROUTE_TREE, self.tree), (ROUTE_MODEL, self.model)):
            match = route.match(path)
            if not match:
                continue
            name, revision, *rest = match.groups()
            repo = self.server.repositories.get(name)
            if repo is None:
                return self.refuse("RepoNotFound")
            if not repo.has_revision(revision or "main"):
                return self.refuse("RevisionNotFound")
            return act(repo, *rest)
        return self.refuse("EntryNotFound")

    do_HEAD = do_GET


class Hub:
    """The server in a thread. `with Hub() as hub: hub.add("org/name", folder); hub.url`"""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.repositories = {}
        self.server.requests = []
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def requests(self):
        return self.server.requests

    def add(self, name, folder):
        """Serve a folder under this name. Returns its commit. Later changes of the folder are not seen."""
        repo = Repository(name, folder)
        self.server.repositories[name] = repo
        return repo.commit

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: hub.py DIR      with DIR/org/name/<files of a repository>", file=sys.stderr)
        return 2
    with Hub() as hub:
        for folder in sorted(Path(sys.argv[1]).glob("*/*/")):
            name = "/".join(folder.parts[-2:])
            print(f"{name} at {hub.add(name, folder)}")
        print(f"HF_ENDPOINT={hub.url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
