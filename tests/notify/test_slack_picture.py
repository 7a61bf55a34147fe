"""A picture in the thread of an incident, through the SDK of Slack, to a server on the loopback."""

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from runlens.cli.shared.channels import CHANNEL, TOKEN, channels
from runlens.errors import SourceDown
from runlens.notify import slack_notices, slack_picture
from runlens.watching.pictures import A_MESSAGE, AN_HOUR, Pictures
from tests.notify.test_slack_notices import App
from tests.watching.world import Log, World

PNG = b"\x89PNG\r\n\x1a\n"


class Slack:
    """What arrived, in order."""

    def __init__(self):
        self.got, self.refuse = [], {}


@contextmanager
def slack():
    server = Slack()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            method = self.path.rpartition("/")[2]
            if method == "upload":
                server.got.append((method, body))
                return self._answer(server.refuse.get(method, 200), b"OK")
            kind = self.headers["Content-Type"].split(";")[0]
            form = (
                json.loads(body)
                if kind == "application/json"
                else {k: v[0] for k, v in parse_qs(body.decode()).items()}
            )
            server.got.append((method, form))
            said = {"ok": True, "ts": "1.5", "channel": "C42", "file_id": "F1", "upload_url": f"{server.url}/upload"}
            if method in server.refuse:
                said = {"ok": False, "error": server.refuse[method]}
            return self._answer(200, json.dumps(said).encode())

        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep the test's output clean."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@pytest.fixture
def burning(tmp_path):
    """A watch whose run has a NaN, and what is told of it."""
    world = World()
    log = Log(tmp_path / "run.jsonl", world)
    log.upto(6000)
    log.write(3, loss=float("nan"))
    messages = []
    watch = world.watch(log.path, looks=1, channels={"x": messages.append}, floor=1)
    watch.run()
    (message,) = [m for m in messages if any(n.code == "LOSS003" for n in m.notices)]
    return world, watch, message


def client_of(server, real=slack_notices.app_client):
    client = real("xoxb-secret")
    client.base_url = f"{server.url}/api/"
    return client


@pytest.fixture
def made(monkeypatch, burning):
    """The channel of an app of Slack at a loopback server, what was sent there, and what was said."""
    pytest.importorskip("slack_sdk")
    world, watch, message = burning
    monkeypatch.setenv(TOKEN, "xoxb-secret")
    monkeypatch.setenv(CHANNEL, "#train")
    with slack() as server:
        monkeypatch.setattr(slack_notices, "app_client", lambda token: client_of(server))
        pictures, extra = Pictures(watch.lives, world.clock, world.err.append), {}
        how = {"slack": True, "webhook": False, "form": "runlens", "wandb_alert": False}
        to = channels(**how, extra=extra, pictures=pictures)
        yield server, lambda: to["Slack"](message), world.err


def test_the_incident_is_drawn_into_the_thread_of_its_message(made):
    server, send, said = made
    send()
    (_, post), (_, place), (_, body), (_, complete) = server.got
    assert [name for name, _ in server.got] == [
        "chat.postMessage", "files.getUploadURLExternal", "upload", "files.completeUploadExternal",
    ]  # fmt: skip
    assert body.startswith(PNG) and int(place["length"]) == len(body) and post["channel"] == "#train"
    assert (complete["channel_id"], complete["thread_ts"]) == ("C42", "1.5")
    (file,) = json.loads(complete["files"]) if isinstance(complete["files"], str) else complete["files"]
    assert (
        file["id"] == "F1"
        and "LOSS003" in file["title"]
        and not [line for line in said if line.startswith("no picture")]
    )


@pytest.mark.parametrize(
    ("method", "why", "words"),
    [
        ("files.getUploadURLExternal", "missing_scope", "the app needs files:write"),
        ("upload", 500, "refused the picture (500)"),
        ("files.completeUploadExternal", "channel_not_found", "channel_not_found"),
    ],
)
def test_a_picture_that_is_refused_is_said_once_and_the_message_stands(made, method, why, words):
    server, send, said = made
    server.refuse[method] = why
    send()
    send()
    assert [name for name, _ in server.got].count("chat.postMessage") == 2
    (line,) = [line for line in said if line.startswith("no picture")]
    assert words in line and "secret" not in line and server.url not in line


def test_no_picture_is_drawn_where_none_is_wanted(made, monkeypatch, burning):
    server, _, _ = made
    to = channels(slack=True, webhook=False, form="runlens", wandb_alert=False, extra={})
    to["Slack"](burning[2])
    assert [name for name, _ in server.got] == ["chat.postMessage"]


def test_what_is_too_large_or_goes_elsewhere_is_not_sent(monkeypatch):
    pytest.importorskip("slack_sdk")
    monkeypatch.setattr(slack_picture, "LARGEST", 3)
    with pytest.raises(SourceDown, match="too large"):
        slack_picture.share(b"1234", "t", App(), "C", "1")

    class Elsewhere:
        def files_getUploadURLExternal(self, **more):
            return {"upload_url": "file:///etc/passwd", "file_id": "F"}

    with pytest.raises(SourceDown, match="could not be reached"):
        slack_picture.share(b"123", "t", Elsewhere(), "C", "1")


def test_pictures_are_few(burning):
    world, watch, message = burning
    (notice,) = [n for n in message.notices if n.code == "LOSS003"]
    run = watch.lives.runs[notice.run]
    for n in range(10):
        watch.lives.runs[f"r{n}"] = replace(run, last=replace(run.last, run=f"r{n}"))
    many = [replace(notice, run=f"r{n}") for n in range(10)]
    pictures = Pictures(watch.lives, world.clock, world.err.append)
    assert len(list(pictures.of(many))) == A_MESSAGE
    for _ in range(10):
        list(pictures.of(many))
    assert len(pictures.drawn) == AN_HOUR
    world.now += 3600
    assert len(list(pictures.of(many))) == A_MESSAGE


def test_what_is_over_and_what_is_not_there_is_not_drawn_and_a_fault_is_said(burning, monkeypatch):
    world, watch, message = burning
    (notice,) = [n for n in message.notices if n.code == "LOSS003"]
    pictures = Pictures(watch.lives, world.clock, world.err.append)
    assert not list(pictures.of([replace(notice, kind="resolved"), replace(notice, run="?"), replace(notice, code="")]))
    assert len(list(pictures.of([notice, notice]))) == 1, "one incident is drawn once"
    monkeypatch.setattr("runlens.watching.pictures._png", lambda *_: 1 / 0)
    assert not list(pictures.of([notice])) and "could not be drawn (ZeroDivisionError)" in world.err[-1]


def test_threads_are_forgotten_beyond_a_bound_those_told_of_last_the_last(monkeypatch):
    pytest.importorskip("slack_sdk")
    from tests.notify.test_slack_notices import FOUND, OVER

    monkeypatch.setattr(slack_notices, "THREADS", 2)
    app, threads = App(), {}
    slack_notices.post_thread([FOUND], app, "#x", threads)
    slack_notices.post_thread([replace(FOUND, id="b")], app, "#x", threads)
    slack_notices.post_thread([OVER], app, "#x", threads)
    assert slack_notices.post_thread([replace(FOUND, id="c")], app, "#x", threads) == ("C1", "1.4")
    assert threads == {FOUND.id: "1.1", "c": "1.4"}
