"""A run with the GPUs and hosts that a Prometheus server holds for its time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from runlens.errors import ReadError
from runlens.model import Note, Run, Series
from runlens.sources.hardware.by_time import AROUND, joined, needed, said, span_of
from runlens.sources.hardware.prometheus import metrics
from runlens.sources.hardware.prometheus.address import Address
from runlens.sources.hardware.prometheus.client import Client
from runlens.sources.hardware.prometheus.grid import USUAL, Grid
from runlens.sources.hardware.prometheus.held import HELD, Held, matrix
from runlens.sources.hardware.prometheus.series import (
    Labels,
    Numbers,
    Samples,
    clean,
    codes_of_events,
    host_of,
    series_of,
    together,
    without_history,
)
from runlens.sources.naming import printable

MANY_HOSTS = 8
"""Hosts that a sentence names."""


def with_prometheus(run: Run, name: str, *, clock: Callable[[], float] = time.time) -> Run:
    """A run, as it was read, with the GPUs and hosts of a Prometheus server, joined by time.

    Parameters
    ----------
    run : Run
        Not resolved yet.
    name : str
        Such as `prometheus://HOST:9090?match={Hostname="node1"}`.
    clock : callable
        Seconds since the epoch: nothing is asked for that lies ahead.

    Returns
    -------
    Run
        With a series `METRIC{Hostname="…",gpu="…"}` for each GPU and `METRIC{instance="…"}` for each host.

    Raises
    ------
    ReadError
        The server cannot be read, holds nothing for that time, or holds GPUs of several hosts and the address does not
        say which; or the run has no wall times.
    ConfigError
        The address makes no sense.
    """
    address = Address.parse(name)
    first, last = needed(span_of(run), address.where, ReadError)
    span = (first - AROUND, min(last + AROUND, max(clock(), last)))
    asked = Asked(Client(address), address, span)
    series, left = asked.series(first)
    found = joined(run, series)
    if found is None:
        what = f"nothing of GPUs or hosts{' that fits match' if address.match else ''}"
        raise ReadError(
            f"--hardware {address.where} holds {what} from {said(span[0])} to {said(span[1])} UTC, when the run was; "
            "it is to scrape DCGM exporter, nvidia_gpu_exporter or node_exporter"
        )
    return replace(found, notes=(*found.notes, *left))


@dataclass(slots=True)
class Asked:
    """What one server is asked for one run."""

    client: Client
    address: Address
    span: tuple[float, float]

    def series(self, began: float) -> tuple[dict[str, Series], list[Note]]:
        """All series of GPUs and hosts, and what was left out of them."""
        gpus, hosts, info = self._there()
        if not gpus and not hosts:
            return {}, []
        whole = [one for one in gpus if not one.get("GPU_I_ID")]
        by_metric: dict[str, list[Labels]] = {}
        for one in whole:
            by_metric.setdefault(one["__name__"], []).append(one)
        self._one_host(whole)
        key = (self.address.url, self.address.match, self.span[0])
        before = HELD.runs.get(key)
        scraped = before.scraped if before is not None else self._scraped(by_metric, hosts)
        grid = Grid.over(self.span, scraped, len(whole) + len(metrics.NODE) * len(hosts), self.address.step)
        held = HELD.of(key, grid, scraped)
        found = {**self._gpus(by_metric, Numbers.of(whole, info), held, began), **self._hosts(hosts, held)}
        held.done()
        notes = []
        if len(gpus) > len(whole):
            text = f"{len(gpus) - len(whole)} series of MIG instances at {self.address.where} were left out"
            notes.append(Note("left-out", text, len(gpus) - len(whole)))
        return found, notes

    def _there(self) -> tuple[list[Labels], list[Labels], list[Labels]]:
        """Labels of the series of GPUs, of hosts, and of those that say which GPU is which."""
        names = "|".join((*metrics.GPU, metrics.XID_EVENTS, metrics.INFO))
        gpus = self._labels(f'{{__name__=~"{names}"{self._match}}}')
        info = [one for one in gpus if one["__name__"] == metrics.INFO]
        gpus = [one for one in gpus if one["__name__"] != metrics.INFO]
        there = "|".join(["node_memory_MemAvailable_bytes", "node_network_receive_errs_total", metrics.UNAME])
        nodes = self._labels(f'{{__name__=~"{there}"{"" if gpus else self._match}}}')
        called = {one.get("instance", ""): one["nodename"] for one in nodes if one.get("nodename")}
        hosts: dict[str, dict[str, str]] = {}
        for one in nodes:
            if (instance := one.get("instance", "")) and one["__name__"] != metrics.UNAME:
                here = clean(called.get(instance) or re.sub(r":\d+$", "", instance))
                hosts.setdefault(instance, {"instance": instance, "host": here})
        if gpus:
            wanted = {_short(host_of(one)) for one in gpus}
            hosts = {key: one for key, one in hosts.items() if _short(one["host"]) in wanted}
        return gpus, list(hosts.values()), info

    @property
    def _match(self) -> str:
        return f",{self.address.match}" if self.address.match else ""

    def _labels(self, selector: str) -> list[Labels]:
        """All sets of labels that a selector stands for in the span (`/api/v1/series`)."""
        form = {"match[]": selector, "start": f"{self.span[0]:.3f}", "end": f"{self.span[1]:.3f}"}
        found = self.client.ask("series", form)
        if not isinstance(found, list) or not all(isinstance(one, dict) and "__name__" in one for one in found):
            raise ReadError(f"--hardware {self.address.where} does not answer as Prometheus does: no list of series")
        return [{str(key): str(value) for key, value in one.items()} for one in found]

    def _one_host(self, gpus: Sequence[Labels]) -> None:
        """Refuse to judge the GPUs of a whole cluster by one run."""
        hosts = sorted({host_of(one) for one in gpus})
        if len(hosts) > 1 and not self.address.match:
            more = " …" if len(hosts) > MANY_HOSTS else ""
            some = ", ".join(printable(host)[1:-1] for host in hosts[:MANY_HOSTS]) + more
            raise ReadError(
                f"--hardware {self.address.where} holds GPUs of {len(hosts)} hosts ({some}); say which are the run's, "
                'such as ?match={Hostname=~"node1|node2"}, or ?match={Hostname!=""} for all'
            )

    def _scraped(self, by_metric: Mapping[str, Sequence[Labels]], hosts: Sequence[Labels]) -> float | None:
        """Seconds between scrapes: ten minutes over the samples that any of them holds, at some moments of the span."""
        name = next((one for one in metrics.GPU if one in by_metric), None)
        selector = f"{name}{{{self.address.match}}}" if name else f"node_memory_MemAvailable_bytes{{{_these(hosts)}}}"
        step = max((self.span[1] - self.span[0]) / 8, USUAL)
        form = {
            "query": f"max(count_over_time({selector}[600s]))",
            "start": f"{self.span[0]:.3f}",
            "end": f"{self.span[1]:.3f}",
            "step": f"{step:.3f}",
        }
        counts = [float(value.max()) for _, (_, value) in matrix(self.client, form, self.address) if len(value)]
        return 600.0 / max(counts) if counts and max(counts) >= 1 else None

    def _gpus(
        self, by_metric: Mapping[str, Sequence[Labels]], number: Numbers, held: Held, began: float
    ) -> dict[str, Series]:
        found: dict[str, Series] = {}
        for metric in (*metrics.GPU, metrics.XID_EVENTS):
            if metric not in by_metric:
                continue
            parts: dict[tuple[str, str], list[tuple[str, Samples]]] = {}
            for labels, samples in held.ask(self.client, f"{metric}{{{self.address.match}}}", self.address):
                if not labels.get("GPU_I_ID") and len(samples[0]):
                    of = (host_of(labels), number(labels))
                    parts.setdefault(of, []).append((labels.get("xid", ""), samples))
            for (host, gpu), seen in parts.items():
                name = metric
                if metric == metrics.XID_EVENTS:
                    name, samples = "nvidia_smi_xid_errors", codes_of_events(seen, held.grid.first + held.grid.step)
                else:
                    samples = together([one for _, one in seen])
                if metric == metrics.LAST_XID:
                    samples = without_history(samples, began)
                of_gpu = ",".join(f'{key}="{text}"' for key, text in (("Hostname", host), ("gpu", gpu)) if text)
                one = series_of(name, of_gpu, samples)
                found[one.name] = one
        return found

    def _hosts(self, hosts: Sequence[Labels], held: Held) -> dict[str, Series]:
        found: dict[str, Series] = {}
        if not hosts:
            return found
        called = {one["instance"]: one["host"] for one in hosts}
        window = f"{max(4 * held.grid.step, 60.0):.0f}"
        for name, query in metrics.NODE.items():
            for labels, samples in held.ask(
                self.client, query.format(which=_these(hosts), window=window), self.address
            ):
                host = called.get(labels.get("instance", ""))
                if host and len(samples[0]):
                    one = series_of(name, f'instance="{host}"', samples)
                    found[one.name] = one
        return found


def _these(hosts: Sequence[Labels]) -> str:
    """A matcher for the instances of these hosts."""
    return f"instance=~{json.dumps('|'.join(re.escape(one['instance']) for one in hosts))}"


def _short(host: str) -> str:
    """The name of a host without its domain; an IPv4 address whole."""
    return host if re.fullmatch(r"[\d.]+", host) else host.split(".")[0].lower()
