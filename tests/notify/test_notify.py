import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runlens.errors import ConfigError, SourceDown
from runlens.model import Action, Finding, Report, Severity
from runlens.notify.slack import blocks, slack, slack_client
from runlens.notify.webhook import webhook
from tests.builders import finding, report

HOSTILE = "<!channel> *bold* `code`\n<http://evil|click> \x1b[31m & \u202e"


def whole(*runs):
    return Report("1", "now", "fail", 1, runs, Severity.ERROR)


@pytest.fixture
def receiver():
    got = []

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield got, f"http://127.0.0.1:{server.server_port}/secret-path", Handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_hostile_names_are_harmless_in_slack():
    bad = replace(
        report(Finding("LOSS001", "loss-spike", Severity.ERROR, HOSTILE, None, HOSTILE)), name=HOSTILE, verdict="fail"
    )
    text = json.dumps(blocks([bad]), ensure_ascii=False)
    for forbidden in ("<!channel>", "<http", "\x1b", "\u202e"):
        assert forbidden not in text


def test_a_run_that_passes_makes_no_message():
    slack(whole(report()), "")


def test_slack_gets_the_findings_and_the_action(receiver):
    pytest.importorskip("slack_sdk")
    got, address, _ = receiver
    bad = replace(report(finding()), verdict="fail", action=Action("rewind-and-skip", "go back to 1,400"))
    slack(whole(bad, report(run="fine")), address)
    text = got[0]["blocks"][0]["text"]["text"]
    assert "LOSS001" in text and "step 1,500" in text and "go back to 1,400" in text
    assert "1 of 2 runs" in got[0]["text"]


def test_notes_are_left_out():
    (block,) = blocks([report(finding(severity="warning"), finding(severity="info", code="LOSS002"))])
    assert "LOSS001" in block["text"]["text"] and "LOSS002" not in block["text"]["text"]


@pytest.mark.parametrize("address", ["hooks.slack.com/secret", "https://hooks/secret path", "https://x/secret\n"])
def test_an_address_that_is_none_is_refused_without_showing_it(address):
    for send in (lambda: slack_client(address), lambda: webhook("{}", address)):
        with pytest.raises(ConfigError) as error:
            send()
        assert "secret" not in str(error.value) and "WEBHOOK" in str(error.value)


def test_slack_that_is_down_is_said_without_its_address():
    pytest.importorskip("slack_sdk")
    with pytest.raises(SourceDown) as error:
        slack(whole(replace(report(finding()), verdict="fail")), "http://127.0.0.1:1/secret-path")
    assert "secret" not in str(error.value)


def test_a_missing_address_is_said():
    with pytest.raises(ConfigError, match="RUNLENS_SLACK_WEBHOOK"):
        slack(whole(replace(report(finding()), verdict="fail")), "")
    with pytest.raises(ConfigError, match="http or https"):
        webhook("{}", "file:///etc/passwd")


def test_a_webhook_gets_the_report_and_its_address_stays_secret(receiver):
    got, address, handler = receiver
    webhook('{"schema": 1}', address)
    assert got == [{"schema": 1}]
    handler.status = 500
    with pytest.raises(SourceDown) as error:
        webhook("{}", address)
    assert "500" in str(error.value) and "secret-path" not in str(error.value)
    with pytest.raises(SourceDown) as error:
        webhook("{}", "http://127.0.0.1:1/secret-path")
    assert "secret-path" not in str(error.value)
