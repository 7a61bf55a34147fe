"""Names of W&B runs and projects: `entity/project/run`, `wandb://…`, the address of a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

CacheUse = Literal["use", "refresh", "off"]

_CLOUD = re.compile(r"^(?:[\w-]+\.)*(?:wandb\.ai|forge\.coreweave\.com)$")
_ENTITY = re.compile(r"^[A-Za-z0-9][\w.-]*$")
_PROJECT = re.compile(r"^[^/\\#?%:\x00-\x1f]{1,128}$")
_RUN_ID = re.compile(r"^[^/\\#?%:\x00-\x1f\s]{1,128}$")
_FILE = re.compile(r"tfevents|\.(?:jsonl?|csv|tsv|parquet|wandb|txt|log|gz|zip|db|sqlite3?|ya?ml|toml|py|md)$", re.I)
_PAGES = {"workspace", "table", "overview", "runs", "sweeps", "reports", "artifacts", "groups"}


@dataclass(frozen=True, slots=True)
class Address:
    """A run, or a project where `run` is empty."""

    entity: str
    project: str
    run: str = ""
    server: str = ""
    """Scheme and host of the page that was given, empty for the login's own server."""
    cache: CacheUse = "use"
    explicit: bool = True
    """False for `entity/project[/run]`, which a misspelt path may look like."""

    @property
    def path(self) -> str:
        """`entity/project/run` or `entity/project`."""
        return "/".join(part for part in (self.entity, self.project, self.run) if part)

    @property
    def location(self) -> str:
        """What a `RunRef` carries; `parse` reads it back."""
        mode = "" if self.cache == "use" else f"?cache={self.cache}"
        return f"wandb://{self.path}{mode}"


def parse(text: str) -> Address | None:
    """The run or project that a name stands for, or None if it has not the form of one.

    Parameters
    ----------
    text : str
        `entity/project`, `entity/project/run`, either behind `wandb://`, or the address of a run's or project's page.
        A path that starts with a dot, slash or tilde, ends with a slash or names a log file is none.
    """
    text = text.strip()
    if text.startswith("wandb://"):
        rest, _, query = text.removeprefix("wandb://").partition("?")
        mode = parse_qs(query).get("cache", ["use"])[0]
        use: CacheUse = "refresh" if mode == "refresh" else "off" if mode == "off" else "use"
        return _of_parts([unquote(p) for p in rest.strip("/").split("/")], cache=use)
    if text.startswith(("https://", "http://")):
        return _of_page(text)
    if "://" in text or text.endswith("/") or text.startswith((".", "/", "~", "\\")) or _FILE.search(text):
        return None
    parts = text.split("/")
    return _of_parts(parts, explicit=False) if 2 <= len(parts) <= 4 else None


def _of_parts(parts: list[str], server: str = "", cache: CacheUse = "use", explicit: bool = True) -> Address | None:
    if len(parts) == 4 and parts[2] == "runs":
        del parts[2]
    if not (2 <= len(parts) <= 3 and _ENTITY.match(parts[0]) and _PROJECT.match(parts[1])):
        return None
    if len(parts) == 3 and not _RUN_ID.match(parts[2]):
        return None
    if any(part in {".", ".."} for part in parts):
        return None
    return Address(parts[0], parts[1], parts[2] if len(parts) == 3 else "", server, cache, explicit)


def _of_page(text: str) -> Address | None:
    url = urlsplit(text)
    host = (url.hostname or "").lower()
    if not host:
        return None
    parts = [unquote(p) for p in url.path.split("/") if p]
    if host.endswith("forge.coreweave.com") and parts[:1] == ["wandb"]:
        parts = parts[1:]
    server = f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")
    if len(parts) >= 4 and parts[2] == "runs":
        return _of_parts([parts[0], parts[1], parts[3]], server)
    if len(parts) == 2 or (len(parts) > 2 and parts[2] in _PAGES):
        return _of_parts(parts[:2], server)
    return None


def page_of(address: Address, server: str) -> str:
    """The address of a run's page: on the server whose pages are at `server`, with what could be a secret left off.

    Returns
    -------
    str
        Such as `https://wandb.ai/my-team/pretrain/runs/ab12cd34`; empty where the server has no address of the web.
    """
    try:
        url = urlsplit(server)
        host = url.hostname or ""
        port = f":{url.port}" if url.port else ""
    except ValueError:
        return ""
    if url.scheme not in ("http", "https") or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    path = "/".join(quote(part, safe="") for part in (address.entity, address.project, "runs", address.run))
    return f"{url.scheme}://{host}{port}{url.path.rstrip('/')}/{path}"


def is_cloud(server: str) -> bool:
    """Whether an address belongs to W&B's own service, under any of its names."""
    return bool(_CLOUD.match((urlsplit(server).hostname or "").lower()))
