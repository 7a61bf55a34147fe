"""A server on the loopback that answers as Prometheus documents its HTTP API, for the queries that RunLens sends.

https://prometheus.io/docs/prometheus/2.55/querying/api: `series` and `query_range` by POST, one JSON envelope, values
as text, 400 for parameters, 11,000 points a series. `test_prometheus_real.py` holds it against Debian's Prometheus.
"""

from __future__ import annotations

import json
import math
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import numpy as np

LOOK_BACK = 300.0
_SELECTOR = re.compile(r'(?P<name>[a-zA-Z_]\w*)?\{(?P<matchers>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\}')
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*,?')


def fits(labels, selector):
    """Whether a series fits a selector such as `name{a="b",c=~"d|e"}`."""
    found = _SELECTOR.fullmatch(selector)
    assert found, selector
    if found["name"] and labels["__name__"] != found["name"]:
        return False
    rest = found["matchers"]
    assert re.fullmatch(rf"(?:{_MATCHER.pattern})*", rest), rest
    for key, sign, quoted in _MATCHER.findall(rest):
        value, has = json.loads(quoted), labels.get(key, "")
        same = bool(re.fullmatch(value, has)) if "~" in sign else has == value
        if same == sign.startswith("!"):
            return False
    return True


class Data:
    """Series as they were scraped: labels, times and values."""

    def __init__(self):
        self.series = []

    def add(self, name, time, value, **labels):
        value = np.broadcast_to(np.asarray(value, dtype=float), np.shape(time))
        self.series.append(({"__name__": name, **labels}, np.asarray(time, dtype=float), np.array(value)))
        return self

    def fitting(self, selector):
        return [one for one in self.series if fits(one[0], selector)]

    def evaluate(self, query, grid):
        """Labels and (times, values) of a query on a grid."""
        if found := re.fullmatch(r"max\(count_over_time\((.+)\[600s\]\)\)", query):
            counts = [
                np.searchsorted(time, grid, "right") - np.searchsorted(time, grid - 600.0, "right")
                for _, time, _ in self.fitting(found[1])
            ]
            count = np.max(counts, axis=0) if counts else np.zeros(len(grid))
            return [({}, grid[count > 0], count[count > 0])]
        if found := re.fullmatch(r"100 \* \(1 - (.+?\}) / (.+?\})\)", query):
            free, total = self.by_instance(found[1], grid), self.by_instance(found[2], grid)
            return [(k, free[i][1], 100 * (1 - free[i][2] / total[i][2])) for i in free for k in [{"instance": i}]]
        if found := re.fullmatch(r"100 \* \(1 - avg by \(instance\) \(rate\((.+)\[(\d+)s\]\)\)\)", query):
            return [(k, t, 100 * (1 - v)) for k, t, v in self.rates(found[1], grid, float(found[2]), np.nanmean)]
        if found := re.fullmatch(r"sum by \(instance\) \(rate\((.+?)\[(\d+)s\]\) \+ rate\((.+?)\[\d+s\]\)\)", query):
            a = self.rates(found[1], grid, float(found[2]), np.nansum)
            b = {k["instance"]: v for k, _, v in self.rates(found[3], grid, float(found[2]), np.nansum)}
            return [(k, t, v + b[k["instance"]]) for k, t, v in a]
        return [(labels, *self.at(time, value, grid)) for labels, time, value in self.fitting(query)]

    @staticmethod
    def at(time, value, grid):
        """The last sample at or before each moment, five minutes back at most."""
        last = np.searchsorted(time, grid, "right") - 1
        there = (last >= 0) & (grid - time[np.maximum(last, 0)] < LOOK_BACK)
        return grid[there], value[last[there]]

    def by_instance(self, selector, grid):
        return {k["instance"]: (k, *self.at(t, v, grid)) for k, t, v in self.fitting(selector)}

    def rates(self, selector, grid, window, over):
        by = {}
        for labels, time, value in self.fitting(selector):
            rate = np.full(len(grid), math.nan)
            for i, at in enumerate(grid):
                inside = (time > at - window) & (time <= at)
                if inside.sum() >= 2:
                    rate[i] = (value[inside][-1] - value[inside][0]) / (time[inside][-1] - time[inside][0])
            by.setdefault(labels["instance"], []).append(rate)
        out = []
        for instance, rates in by.items():
            known = ~np.isnan(rates).all(axis=0)
            out.append(({"instance": instance}, grid[known], over(np.array(rates)[:, known], axis=0)))
        return out


class Server:
    """What was asked, and what goes wrong."""

    def __init__(self, data):
        self.data = data
        self.asked = []
        """(path, form) of each request."""
        self.headers = []
        self.trouble = []
        """(status, headers, body) of the next answers, the first first."""
        self.wanted = None
        """The `Authorization` that it takes."""

    def answer(self, path, form):
        said = {key: values[0] for key, values in form.items()}
        if path == "/api/v1/series":
            start, end = float(said["start"]), float(said["end"])
            found = [k for k, t, _ in self.data.fitting(said["match[]"]) if np.any((t >= start) & (t <= end))]
            return 200, {"status": "success", "data": found}
        if path != "/api/v1/query_range":
            return 404, None
        start, end, step = (float(said[key]) for key in ("start", "end", "step"))
        if (end - start) / step > 11_000 - 1e-9:
            error = "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution"
            return 400, {"status": "error", "errorType": "bad_data", "error": error}
        grid = start + step * np.arange(int((end - start) / step + 1e-9) + 1)
        result = [
            {"metric": labels, "values": [[t, format(v, "g") if v % 1 else str(v)] for t, v in zip(*xy, strict=True)]}
            for labels, *xy in self.data.evaluate(said["query"], grid)
            if len(xy[0])
        ]
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}


@contextmanager
def serving(data):
    """A server of these data; its address is `.address`."""
    server = Server(data)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            server.asked.append((self.path, {k: v[0] for k, v in parse_qs(body).items()}))
            server.headers.append(dict(self.headers))
            if server.trouble:
                status, headers, text = server.trouble.pop(0)
            elif server.wanted and self.headers.get("Authorization") != server.wanted:
                status, headers, text = 401, {}, b"Unauthorized"
            else:
                status, said = server.answer(self.path.removeprefix("/prom"), parse_qs(body))
                headers, text = {}, json.dumps(said).encode()
            self.send_response(status)
            for key, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args):
            """Keep the test's output clean."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.address = f"prometheus://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
