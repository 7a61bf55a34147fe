"""Runs at Weights & Biases: complete, fast, cached, resumable. Nothing here imports wandb before a run is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runlens.errors import AccessRefused, ConfigError, NoRunFound
from runlens.model import Run, RunRef
from runlens.sources.naming import printable
from runlens.sources.wandb_api.address import Address, CacheUse, parse

if TYPE_CHECKING:
    from runlens.sources.wandb_api.pull import Progress, Pulled
    from runlens.sources.wandb_api.server.client import Client
    from runlens.sources.wandb_api.server.login import Login

__all__ = ["at", "check_login", "connected", "fetch", "find", "is_name", "is_set_up", "parse", "read"]


def is_name(text: str) -> bool:
    """Whether a name has the form of a W&B run or project: `entity/project[/run]`, `wandb://…`, a page's address.

    What exists on disk may have that form too: that is for the caller to look at first.
    """
    return parse(text) is not None


def at(address: Address, **filters: Any) -> list[RunRef]:
    """The runs of a name that `parse` understood; filters are those of `find`.

    Raises
    ------
    NoRunFound
        Also for a name that may as well be a misspelt path, where nobody has set W&B up.
    ConfigError, AccessRefused, SourceDown
    """
    if not address.explicit:
        try:
            check_login(address)
        except AccessRefused as error:
            if is_set_up():
                raise
            where = printable(address.path)
            raise NoRunFound(f"nothing is at {where} on this disk, and as a name at W&B: {error}") from error
    return find(address, **filters)


def find(
    name: str | Address,
    *,
    filters: str | None = None,
    state: str | Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    limit: int | None = None,
    refresh: bool = False,
    no_cache: bool = False,
) -> list[RunRef]:
    """The runs that a W&B name stands for.

    Parameters
    ----------
    name : str or Address
        Of a run, which is not asked for yet; or of a project, whose runs are listed, newest first.
    filters : str, optional
        JSON in MongoDB style, or terms such as `config.lr>=0.001,displayName~^gpt`.
    state, tags : str or sequence of str, optional
        Only runs in one of these states, with all of these tags.
    limit : int, optional
        At most so many runs.
    refresh, no_cache : bool
        Carried in the reference: fetch anew, or do without the cache.

    Raises
    ------
    NoRunFound
        No such project, or no run of it matches.
    ConfigError
        A filter that makes no sense, or filters for a single run.
    AccessRefused, SourceDown
    """
    address = _parsed(name)
    if address is None:
        raise NoRunFound(f"{name!r} is no W&B name; give entity/project/run_id or the address of the run's page")
    cache: CacheUse = "off" if no_cache else "refresh" if refresh else address.cache
    address = replace(address, cache=cache)
    states = (state,) if isinstance(state, str) else tuple(state or ())
    narrowed = bool(filters or states or tags or limit)
    if address.run:
        if narrowed:
            raise ConfigError(f"{address.path} is one run; filters, states, tags and a limit choose among a project's")
        if address.server:
            _login_for(address)  # only to see that the page is on the server that wandb is set up for
        return [RunRef("wandb_api", address.location, address.run)]
    from runlens.sources.wandb_api import listing

    client = connected(address)
    try:
        return listing.runs(client, address, filters=filters, states=states, tags=tuple(tags or ()), limit=limit)
    finally:
        client.close()


def is_set_up() -> bool:
    """Whether the environment says that W&B is meant: by a key, be it wrong, an identity or a server of one's own."""
    return any(os.environ.get(name) for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL"))


def check_login(name: str | Address) -> None:
    """See that somebody is logged in to the server of a name; asks no server.

    Raises
    ------
    AccessRefused
        Nobody is.
    """
    address = _parsed(name)
    if address is not None:
        _login_for(address)


def _parsed(name: str | Address) -> Address | None:
    return name if isinstance(name, Address) else parse(name)


def read(ref: RunRef, *, progress: Progress | None = None) -> Run:
    """Read a run that `find` found: every point, from the cache where it is there.

    Raises
    ------
    NoRunFound, AccessRefused, SourceDown, ReadError
    """
    from runlens.sources.wandb_api.convert import to_run

    return to_run(fetch(ref, progress=progress), ref.id)


def fetch(ref: RunRef, *, progress: Progress | None = None) -> Pulled:
    """Fetch a run into the cache and return it as the server has it (`read` makes a `Run` of it).

    Raises
    ------
    NoRunFound, AccessRefused, SourceDown, ReadError
    """
    from runlens.sources.heap import keep_freed_memory
    from runlens.sources.wandb_api.pull import pull

    keep_freed_memory()
    address = parse(ref.location)
    if address is None or not address.run:
        raise NoRunFound(f"{ref.location!r} names no W&B run")
    client = connected(address)
    try:
        return pull(client, address, progress) if progress else pull(client, address)
    finally:
        client.close()


def connected(address: Address) -> Client:
    """A client that is logged in to the server of an address; whoever asks for it closes it."""
    from runlens.sources.wandb_api.server.client import Client

    return Client(_login_for(address))


def _login_for(address: Address) -> Login:
    from runlens.sources.wandb_api.server.login import login

    return login(address)
