"""A planted key is nowhere but in the request that needs it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runlens.sources.wandb_api.server.login import Login
from tests.sources.wandb_at import rows_of, server
from tests.wandb_server import Server

__all__ = ["server"]

PLANTED = "5ecre7" + "p1an7ed" * 4 + "abcdef"
SIGNATURE = "s3cr3t-signature"


@pytest.fixture
def planted(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    assert len(PLANTED) == 40
    server.key = PLANTED
    monkeypatch.setenv("WANDB_API_KEY", PLANTED)
    run = server.store.add(state="finished", config={"lr": {"value": 1}})
    run.log([{**row, "train/loss": row["loss"]} for row in rows_of(np.arange(2_000))])
    run.export(1_000)
    return server


def command(*arguments: str) -> str:
    """Everything that a command prints, with all logging on."""
    script = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG); "
        "logging.getLogger('urllib3').setLevel(logging.INFO); "
        "from runlens.sources.patience import Patience; quick = Patience(tries=2, pause=0.01); "
        "from runlens.sources.wandb_api.server import client; client.usual_patience = lambda: quick; "
        "sys.argv[0] = 'runlens'; from runlens.cli import main; main()"
    )
    whole = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(whole, env=os.environ, capture_output=True, text=True, timeout=100, check=False)
    return done.stdout + done.stderr


def test_no_secret_in_output_report_or_cache(planted: Server, tmp_path: Path) -> None:
    said = command("pull", "team/proj/run1", "-o", str(tmp_path / "out.csv"))
    said += command("check", "team/proj/run1", "-f", "json", "-o", str(tmp_path / "report.json"))
    said += command("check", "team/proj/run1", "--debug")
    assert "team/proj/run1" in said
    written = [p for p in tmp_path.rglob("*") if p.is_file() and "wandb-core" not in p.name]
    assert any(p.name.startswith("export-") for p in written)
    for secret in (PLANTED, SIGNATURE):
        assert secret not in said
        for path in written:
            assert secret.encode() not in path.read_bytes(), path
    assert any(PLANTED not in str(s.headers) and s.operation == "GET parquet" for s in planted.faults.seen)


@pytest.mark.parametrize("trouble", ["errors", "cut", "throttle", "refuse", "status", "down"])
def test_no_secret_in_any_error(planted: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    faults = planted.faults
    if trouble == "refuse":
        faults.refuse, faults.only_agent = {"Run"}, "nobody"
    elif trouble == "status":
        faults.errors, faults.error_status = 999, 401
    elif trouble == "throttle":
        faults.throttle, faults.retry_after = 999, "9999"
    elif trouble == "down":
        monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    else:
        setattr(faults, trouble, 9_999)
        faults.only = {"HistoryPage", "GET parquet"}
    said = command("pull", "team/proj/run1", "--debug")
    assert "Traceback" in said
    assert "runlens.errors" in said or "runlens.sources" in said
    assert PLANTED not in said
    assert SIGNATURE not in said


def test_a_server_that_echoes_the_key_is_not_quoted(planted: Server) -> None:
    from runlens.errors import ReadError
    from runlens.sources.wandb_api.address import Address
    from runlens.sources.wandb_api.server.answers import refusal
    from runlens.sources.wandb_api.server.login import login

    error = refusal(login(Address("team", "proj", "run1")), 400, [{"message": f"bad key {PLANTED} sent"}], "Run")
    assert isinstance(error, ReadError)
    assert PLANTED not in str(error)
    assert "***" in str(error)


def test_a_login_does_not_show_its_secrets(caplog: pytest.LogCaptureFixture) -> None:
    login = Login("https://user:pa55w@host.example:8080/api", "", PLANTED, "tok3n-abcdef", headers={"X-Key": "h3ad3r"})
    assert login.host == "https://host.example:8080"
    for text in (repr(login), str(login), login.clean(f"{PLANTED} tok3n-abcdef h3ad3r pa55w")):
        assert not any(secret in text for secret in (PLANTED, "tok3n", "h3ad3r", "pa55w"))
    logging.getLogger("runlens").warning("%s", login)
    assert PLANTED not in caplog.text


def test_the_key_goes_to_the_server_alone(planted: Server, tmp_path: Path) -> None:
    """A signed address of another host gets no credentials, not even those of a netrc."""
    from runlens.sources.wandb_api.address import Address
    from runlens.sources.wandb_api.server.client import Client
    from runlens.sources.wandb_api.server.login import login

    netrc = Path(os.environ["NETRC"])
    with Server() as store:
        host = store.url.removeprefix("http://").partition(":")[0]
        netrc.write_text(f"machine {host}\n login user\n password {PLANTED}\n")
        netrc.chmod(0o600)
        run = store.store.add()
        run.log(rows_of(np.arange(10)))
        run.export()
        client = Client(login(Address("team", "proj", "run1")))
        [name] = run.exports
        client.download(f"{store.url}/exports/team/proj/run1/{name}?signature=x", tmp_path / "file")
        client.close()
        assert (tmp_path / "file").read_bytes() == run.exports[name]
        assert all("Authorization" not in seen.headers for seen in store.faults.seen)
        assert json.dumps([s.operation for s in store.faults.seen]) == '["GET parquet"]'
