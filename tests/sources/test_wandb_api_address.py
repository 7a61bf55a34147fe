from __future__ import annotations

import pytest

from runlens.errors import ConfigError
from runlens.sources import wandb_api
from runlens.sources.wandb_api.address import Address, is_cloud, page_of, parse
from runlens.sources.wandb_api.listing import query


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("team/proj/abc123", "team/proj/abc123"),
        ("team/proj/runs/abc123", "team/proj/abc123"),
        ("team/proj", "team/proj"),
        ("team/my proj", "team/my proj"),
        ("wandb://team/proj/abc123", "team/proj/abc123"),
        ("wandb://team/proj", "team/proj"),
        ("https://wandb.ai/team/proj/runs/abc123?nw=nwuser", "team/proj/abc123"),
        ("https://wandb.ai/team/proj/runs/abc123/overview", "team/proj/abc123"),
        ("https://wandb.ai/team/my%20proj/workspace?nw=x", "team/my proj"),
        ("https://forge.coreweave.com/wandb/team/proj/runs/abc123", "team/proj/abc123"),
        ("http://localhost:8080/team/proj/runs/abc", "team/proj/abc"),
    ],
)
def test_names_of_runs_and_projects(text: str, path: str) -> None:
    address = parse(text)
    assert address is not None
    assert address.path == path
    assert wandb_api.is_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "logs", "logs/", "./team/proj", "/team/proj", "~/team/proj", "../a/b", "team/proj/history.jsonl", "a/b/c/d",
        "team/proj/events.out.tfevents.1.host", "s3://bucket/logs", "team/../run", "team/proj/..", "", "a//b",
        "https://example.com/", "https://wandb.ai/team", "wandb://team", "team/proj/run id", "te am/proj/run",
        "https:///a/b", "C:\\logs\\run",
    ],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    assert not wandb_api.is_name(text)


def test_a_location_carries_how_the_cache_is_used() -> None:
    [ref] = wandb_api.find("team/my proj/abc", refresh=True)
    again = parse(ref.location)
    assert again is not None
    assert (again.path, again.cache) == ("team/my proj/abc", "refresh")
    assert wandb_api.find("team/proj/abc")[0].location == "wandb://team/proj/abc"
    assert "off" in wandb_api.find("team/proj/abc", no_cache=True)[0].location


def test_filters_for_one_run_are_an_error() -> None:
    with pytest.raises(ConfigError, match="one run"):
        wandb_api.find("team/proj/abc", tags=["x"])


def test_cloud_under_all_its_names() -> None:
    assert all(map(is_cloud, ["https://api.wandb.ai", "https://wandb.ai", "https://api.forge.coreweave.com"]))
    assert not any(map(is_cloud, ["https://wandb.ai.evil.example", "http://localhost:8080", "https://notwandb.ai"]))


def test_filters_become_the_servers_query() -> None:
    assert query(None, (), ()) == {}
    assert query('{"config.lr": {"$gt": 0.001}}', (), ()) == {"config.lr": {"$gt": 0.001}}
    assert query("config.lr>=0.001,displayName~^gpt", (), ()) == {
        "$and": [{"config.lr": {"$gte": 0.001}}, {"displayName": {"$regex": "^gpt"}}]
    }
    assert query("group=a b", ("finished",), ("x", "y")) == {
        "$and": [
            {"group": "a b"},
            {"state": {"$in": ["finished"]}},
            {"tags": {"$in": ["x"]}},
            {"tags": {"$in": ["y"]}},
        ]
    }


@pytest.mark.parametrize(("filters", "states"), [("{bad", ()), ("nonsense", ()), ("[1]", ()), (None, ("done",))])
def test_filters_that_make_no_sense(filters: str | None, states: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        query(filters, states, ())


@pytest.mark.parametrize(
    ("server", "page"),
    [
        ("https://wandb.ai", "https://wandb.ai/team/my%20proj/runs/ab12"),
        ("https://wandb.example.com:8443/", "https://wandb.example.com:8443/team/my%20proj/runs/ab12"),
        ("https://forge.coreweave.com/wandb", "https://forge.coreweave.com/wandb/team/my%20proj/runs/ab12"),
        ("https://user:secret@wandb.example.com?key=secret", "https://wandb.example.com/team/my%20proj/runs/ab12"),
        ("http://[::1]:8080", "http://[::1]:8080/team/my%20proj/runs/ab12"),
        ("", ""),
        ("file:///etc", ""),
        ("https://[bad", ""),
    ],
)
def test_the_page_of_a_run_is_on_its_own_server_and_holds_no_secret(server: str, page: str) -> None:
    assert page_of(Address("team", "my proj", "ab12"), server) == page
