"""The SDK's own public calls, for servers that refuse the raw queries: slower, the same rows."""

from __future__ import annotations

from typing import Any

from runlens.errors import AccessRefused, NoRunFound, ReadError, SourceDown
from runlens.sources.wandb_api import snapshot, system
from runlens.sources.wandb_api.address import Address
from runlens.sources.wandb_api.rows.table import Table, from_rows, joined
from runlens.sources.wandb_api.server.login import Login
from runlens.sources.wandb_api.snapshot import Snapshot

_PAGE = 10_000
_SYSTEM_ROWS = 100_000


class SdkRun:
    """A run through `wandb.Api`."""

    def __init__(self, login: Login, address: Address) -> None:
        import wandb

        self._login = login
        try:
            api = wandb.Api(overrides={"base_url": login.base_url}, timeout=60)
            self._run: Any = api.run(address.path)
        except Exception as error:  # noqa: BLE001 - the SDK raises anything; all of it becomes one sentence
            raise self._said(error, address) from None

    def snapshot(self) -> Snapshot:
        """What the SDK knows of the run."""
        run = self._run
        attributes: dict[str, Any] = dict(getattr(run, "_attrs", {}))
        raw = getattr(run, "rawconfig", None) or run.config
        attributes |= {
            "config": dict(raw),
            "summaryMetrics": dict(attributes.get("summaryMetrics") or {}),
            "historyKeys": attributes.get("historyKeys") or {"lastStep": run.lastHistoryStep},
            "state": run.state,
            "tags": list(run.tags or ()),
        }
        return snapshot.of_node(attributes)

    def history(self) -> Table:
        """All rows."""
        try:
            try:
                scan = self._run.scan_history(page_size=_PAGE, use_cache=False)
            except TypeError:  # before wandb 0.27 there is no cache to do without
                scan = self._run.scan_history(page_size=_PAGE)
            return joined([from_rows(list(scan))])
        except Exception as error:  # noqa: BLE001
            raise self._said(error) from None

    def system(self) -> tuple[Table, int | None]:
        """System rows, and a count that says whether they are a sample (None where that is open)."""
        try:
            rows = self._run.history(stream="system", samples=_SYSTEM_ROWS, pandas=False)
        except Exception as error:  # noqa: BLE001
            raise self._said(error) from None
        return system.from_events(rows), _SYSTEM_ROWS + 1 if len(rows) >= _SYSTEM_ROWS else None

    def update_summary(self, entries: dict[str, object]) -> None:
        """Add entries to the run's summary."""
        try:
            self._run.summary.update(entries)
        except Exception as error:  # noqa: BLE001
            raise self._said(error) from None

    def _said(self, error: Exception, address: Address | None = None) -> ReadError | NoRunFound:
        """The SDK's error in RunLens's words: it calls a dead server a failed login, and a missing run a bad talk."""
        text = self._login.clean(" ".join(str(error).split()))[:200]
        low = text.lower()
        if address is not None and ("could not find" in low or "not found" in low):
            return missing(self._login, address)
        if "connection" in low or "timed out" in low or "timeout" in low or "no such host" in low:
            return SourceDown(f"{self._login.host} does not answer: {text}")
        if type(error).__name__ == "AuthenticationError" or "401" in low or "permission" in low or "403" in low:
            return AccessRefused(
                f"{self._login.host} did not accept the W&B login: {text}; run `wandb login --relogin`"
            )
        return SourceDown(f"{self._login.host} failed to answer the W&B SDK: {text}")


def missing(login: Login, address: Address) -> NoRunFound:
    """There is no such run, or not for this login: W&B does not say which."""
    return NoRunFound(
        f"{login.host} shows no run {address.path} to this login; check the name, and who is logged in (`wandb login`)"
    )
