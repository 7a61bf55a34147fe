"""From an address to a run as the server has it: one query for the signature, then only what is not cached."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from runlens.errors import NoRunFound, ReadError
from runlens.model import Note
from runlens.model.words import percent
from runlens.sources.wandb_api import exports, fallback, history, snapshot, system
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.cache import RunCache
from runlens.sources.wandb_api.history import Job
from runlens.sources.wandb_api.rows import arrow
from runlens.sources.wandb_api.rows.table import EMPTY, Table, joined, memory
from runlens.sources.wandb_api.server.client import Client, QueryRefused
from runlens.sources.wandb_api.server.gate import Stopped
from runlens.sources.wandb_api.snapshot import Snapshot

Progress = Callable[[int, int | None], None]
"""Called with the rows so far and the rows in all (None if not known), from any thread."""

_System = tuple[Table, int | None]
_LOOSE_FILES = 24
"""More cached pages and exports than this are put together into one file."""
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Pulled:
    """A run as the server has it."""

    address: Address
    server: str
    snapshot: Snapshot
    history: Table
    system: Table
    """Rows by time; `step` only counts them."""
    machine: dict[str, Any]
    """Command, host and hardware."""
    notes: tuple[Note, ...]
    requests: int
    """Sent by this pull: 1 if nothing has changed since the last one."""


def pull(
    client: Client,
    address: Address,
    progress: Progress = lambda done, total: None,
    shown: Snapshot | None = None,
) -> Pulled:
    """Fetch a run completely, taking from the cache what is there.

    Parameters
    ----------
    client : Client
    address : Address
        Of a run; its `cache` says how the cache is used.
    progress : callable, optional
    shown : Snapshot, optional
        The run as the server showed it just now, where it was asked already.

    Raises
    ------
    NoRunFound, AccessRefused, SourceDown, ReadError
    """
    cache = _cache(client, address)
    known = cache.record()
    with ThreadPoolExecutor(4, thread_name_prefix="runlens-aside") as aside:
        try:
            aside.submit(arrow.load)  # while the server thinks
            # A run that is new to the cache will need these: they need not wait for the first answer.
            early = aside.submit(exports.listing, client, address) if not known else None
            events = aside.submit(system.fetch, client, address) if not known else None
            sdk = None
            try:
                seen = shown or snapshot.take(client, address)
            except QueryRefused:
                sdk = fallback.SdkRun(client.login, address)
                seen = sdk.snapshot()
            if seen is None:
                raise fallback.missing(client.login, address)
            job = Job(client, address, cache, seen, progress, known, early=early)
            if not same_run(known, seen):
                job.forget()
            found = _from_cache(job) if job.complete and not job.changed else None
            return found if found is not None else _fetched(job, sdk, events, aside)
        except BaseException:
            client.gate.stop()  # whatever is under way aside is of no use any more
            raise


def _cache(client: Client, address: Address) -> RunCache:
    if address.cache == "off":
        return RunCache(None)
    host = client.login.host
    cache = RunCache.of(host, address.entity, address.project, address.run)
    if address.cache == "refresh":
        cache.clear()
    return cache


def same_run(known: dict[str, Any], seen: Snapshot) -> bool:
    """Whether what is cached is an earlier part of this run: made anew or rewound, it is not."""
    old = known.get("signature") or {}
    shrunk = any(
        isinstance(old.get(key), int) and isinstance(new, int) and new < old[key]
        for key, new in (("lines", seen.lines), ("last_step", seen.last_step))
    )
    return known.get("identity") == seen.identity and not shrunk


def _from_cache(job: Job) -> Pulled | None:
    """The run without a further request, or None if the cache is not whole after all."""
    merged, pages = job.cached()
    rows = joined([merged, *(page.table for page in pages)])
    events = job.cache.system()
    if len(rows) < int(job.known.get("rows") or 0) or events is None:
        return None
    job.add(len(rows))
    notes = tuple(Note(**note) for note in job.known.get("notes") or ())
    return _pulled(job, rows, events, dict(job.known.get("machine") or {}), notes)


def _fetched(job: Job, sdk: fallback.SdkRun | None, early: Future[_System] | None, aside: ThreadPoolExecutor) -> Pulled:
    record: dict[str, Any] = {"identity": job.seen.identity, "signature": job.seen.signature, "complete": False}
    started = early or (aside.submit(system.fetch, job.client, job.address) if sdk is None else None)
    beside = aside.submit(_machine, job)
    rows, by_sdk = (sdk.history(), True) if sdk is not None else _history(job, record)
    events, about_system = _system(job, sdk, started)
    machine = beside.result()
    short = max((job.seen.lines or 0) - len(rows), 0)
    notes = _shortfall(job, len(rows), short) + about_system
    many, size = job.cache.parts()
    merge = by_sdk or job.unkept or many > _LOOSE_FILES or size > 2 * memory(rows) + _SMALL  # of media and text
    if merge:
        job.folded, job.loose = job.folded | job.loose, set()
    record |= {
        "complete": True,
        "rows": len(rows),
        "short": short,
        "folded": sorted(job.folded),
        "loose": sorted(job.loose),
        "machine": machine,
        "notes": [asdict(note) for note in notes],
    }
    job.cache.put_system(events)  # without them the next pull asks again
    if merge:
        job.cache.put_merged(rows)
    job.cache.put_record(record)
    if merge:
        job.cache.drop_parts()
    return _pulled(job, rows, EMPTY if events is None else events, machine, notes)


def _history(job: Job, record: dict[str, Any]) -> tuple[Table, bool]:
    """The rows, and whether the SDK had to fetch them because the server refuses the raw queries."""
    if not job.complete:
        job.cache.put_record(record)  # what a killed pull leaves belongs to this run
    try:
        return history.read(job), False
    except QueryRefused:
        return fallback.SdkRun(job.client.login, job.address).history(), True


def _system(
    job: Job, sdk: fallback.SdkRun | None, started: Future[_System] | None
) -> tuple[Table | None, tuple[Note, ...]]:
    """System metrics, None if the server does not hand them over, and what to say of rows that are missing."""
    try:
        events, held = _by_sdk(job, sdk) if started is None else started.result()
    except QueryRefused:
        return _system(job, sdk, None)
    except (ReadError, NoRunFound) as error:  # the history is there and can be judged
        said = f"the system metrics could not be fetched, so that hardware is not judged: {error}"
        return None, (Note("left-out", said),)
    return events, system.note(len(events), held)


def _by_sdk(job: Job, sdk: fallback.SdkRun | None) -> _System:
    return (sdk or fallback.SdkRun(job.client.login, job.address)).system()


def _machine(job: Job) -> dict[str, Any]:
    """Command, host and hardware: from the config, where newer clients write them, or from a file."""
    starts = snapshot.environments(job.seen)
    if starts:
        return snapshot.about_machine(starts[-1])
    if job.known.get("machine"):
        return dict(job.known["machine"])
    try:
        return snapshot.about_machine(snapshot.metadata_file(job.client, job.address))
    except (ReadError, NoRunFound, Stopped):  # it only adds to what is known of the run
        return {}


def _shortfall(job: Job, rows: int, short: int) -> tuple[Note, ...]:
    if not short:
        return ()
    lines = job.seen.lines or 0
    return (
        Note(
            "left-out",
            f"W&B counts {lines:,} rows of history for {job.address.path} and handed over {rows:,}: {short:,} "
            f"({percent(short / lines)}) are missing; --refresh asks for them again",
            records=short,
        ),
    )


def _pulled(job: Job, rows: Table, events: Table, machine: dict[str, Any], notes: tuple[Note, ...]) -> Pulled:
    server = job.client.login.app_url
    return Pulled(job.address, server, job.seen, rows, events, machine, notes, job.client.sent)
