"""The HTTP side of the loopback server: graphql, file_stream, uploads, exports with Range, and faults."""

from __future__ import annotations

import base64
import json
import re
import socket
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.wandb_server.faults import Faults, Seen
from tests.wandb_server.graphql import Answers, Refused, dumped, operation_of
from tests.wandb_server.store import Store, now

KEY = "0123456789abcdef0123456789abcdef01234567"
"""The key of the one user: 40 characters, as the client demands."""


class Server:
    """The server, on an ephemeral port of 127.0.0.1; use it as a context manager."""

    def __init__(self, *, key: str = KEY, answers: type[Answers] = Answers) -> None:
        self.store, self.faults, self.key = Store(), Faults(), key
        self.answers = answers(self.store, self.faults, lambda: self.url)
        self.closing = threading.Event()
        self._http = _Threaded(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Threaded(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            if path == "/graphql":
                sent = json.loads(body)
                operation = operation_of(sent["query"], sent.get("operationName"))
                variables = sent.get("variables") or {}
                self._serve(operation, lambda: self._graphql(operation, sent["query"], variables), variables)
            elif found := re.fullmatch(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream", path):
                self._serve("file_stream", lambda: self._file_stream([unquote(p) for p in found.groups()], body))
            else:
                self._send(404, b"{}")

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            _, _, entity, project, name, file = unquote(urlsplit(self.path).path).split("/", 5)
            run = server.store.run(entity, project, name)
            if run is not None:
                run.files[file] = body
            self._serve("PUT file", lambda: (200, b"{}", {}))

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            parts = path.split("/", 5)
            run = server.store.run(*parts[2:5]) if len(parts) == 6 else None
            if run is not None and parts[1] == "exports" and parts[5] in run.exports:
                self._serve("GET parquet", lambda: self._ranged(run.exports[parts[5]]))
            elif run is not None and parts[1] == "storage" and parts[5] in run.files:
                self._serve("GET file", lambda: self._ranged(run.files[parts[5]]))
            else:
                self._send(404, b"not found")

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def _serve(self, operation: str, answer: Any, variables: dict[str, Any] | None = None) -> None:
            faults = server.faults
            seen = Seen(operation, variables or {}, dict(self.headers))
            faults.record(seen)
            if faults.latency:
                time.sleep(faults.latency)
            if faults.use("hang", operation):
                server.closing.wait(30)
                self.close_connection = True
                return
            status, body, headers = 200, b"", {}
            if operation != "GET parquet" and not self._known():
                status, body = 401, b'{"errors":[{"message":"invalid API key"}]}'
            elif faults.use("throttle", operation):
                status, body = 429, b'{"error":"rate limit exceeded"}'
                headers = {"Retry-After": faults.retry_after} if faults.retry_after is not None else {}
            elif faults.use("errors", operation):
                status, body = faults.error_status, b"upstream failed"
            else:
                status, body, headers = answer()
            seen.status = status
            self._send(status, body, headers, cut=faults.use("cut", operation))

        def _known(self) -> bool:
            kind, _, said = (self.headers.get("Authorization") or "").partition(" ")
            return kind == "Basic" and base64.b64decode(said).decode().partition(":")[2] == server.key

        def _graphql(self, operation: str, query: str, variables: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
            try:
                if not (self.headers.get("User-Agent") or "").startswith(server.faults.only_agent):
                    raise Refused("only persisted queries of the SDK are allowed", 400)
                data = server.answers.answer(operation, query, variables)
            except Refused as error:
                if not str(error):
                    return error.status, b"", {}
                said = {"errors": [{"message": str(error), "path": [operation]}], "data": None}
                return error.status, json.dumps(said).encode(), {}
            return 200, dumped({"data": data}), {"Content-Type": "application/json"}

        def _file_stream(self, run_path: list[str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
            sent = json.loads(body)
            with server.store.lock:
                run = server.store.run(*run_path)
                if run is None:
                    return 404, b"{}", {}
                for name, part in (sent.get("files") or {}).items():
                    offset, content = part.get("offset") or 0, part.get("content") or []
                    if name == "wandb-history.jsonl":
                        run.put_history(offset, content)
                    elif name == "wandb-events.jsonl":
                        run.events[offset:] = content
                    elif name == "wandb-summary.json":
                        run.summary = json.loads(content[-1])
                    elif name == "output.log":
                        run.output[offset:] = content
                run.heartbeat_at = now()
                if sent.get("complete"):
                    run.state = "finished" if sent.get("exitcode") == 0 else "failed"
                else:
                    run.state = "running"
            return 200, b"{}", {"Content-Type": "application/json"}

        def _ranged(self, data: bytes) -> tuple[int, bytes, dict[str, str]]:
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
            headers = {"Accept-Ranges": "bytes", "ETag": f'"{hash(data) & 0xFFFFFFFF:x}"'}
            if self.headers.get("If-None-Match") == headers["ETag"]:
                return 304, b"", headers
            if not asked:
                return 200, data, headers
            first = int(asked[1]) if asked[1] else max(len(data) - int(asked[2]), 0)
            last = min(int(asked[2]), len(data) - 1) if asked[1] and asked[2] else len(data) - 1
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            return 206, data[first : last + 1], headers

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD" or status == 304:
                return
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

    return Handler


def environment(url: str, home: Path, *, key: str | None = KEY) -> dict[str, str]:
    """Variables for a process that runs the real client against this server and reaches nothing else."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    home.mkdir(parents=True, exist_ok=True)
    variables = {
        "HOME": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "NETRC": str(home / "netrc"),
        "RUNLENS_CACHE_DIR": str(home / "runlens-cache"),
        "WANDB_DIR": str(home),
        "WANDB_CACHE_DIR": str(home / "wandb-cache"),
        "WANDB_DATA_DIR": str(home / "wandb-data"),
        "WANDB_CONFIG_DIR": str(home / "wandb-config"),
        "WANDB_BASE_URL": url,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_X_STATS_COREWEAVE_METADATA_BASE_URL": f"http://127.0.0.1:{port}",
        "WANDB_SILENT": "true",
        "WANDB_DISABLE_GIT": "true",
        "WANDB_DISABLE_CODE": "true",
        "WANDB_CONSOLE": "off",
        "NO_PROXY": "127.0.0.1",
    }
    return variables | ({"WANDB_API_KEY": key} if key else {})
