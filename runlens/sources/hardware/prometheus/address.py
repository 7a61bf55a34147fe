"""The address of a Prometheus server, as the user writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from runlens.errors import ConfigError
from runlens.sources.naming import printable

SCHEMES = ("prometheus://", "prometheus+https://")
PORT = 9090
"""Where Prometheus listens without TLS, if the address does not say."""
_MATCHER = r'\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"\s*'
_MATCHERS = re.compile(rf"{_MATCHER}(?:,{_MATCHER})*,?\s*")


def is_prometheus(name: str) -> bool:
    """Whether a name is the address of a Prometheus server."""
    return name.startswith(SCHEMES)


@dataclass(frozen=True, slots=True)
class Address:
    """Which server, and which of its series."""

    url: str
    """Up to and without `/api/v1`."""
    match: str = ""
    """Matchers of labels, such as `Hostname=~"node1|node2"`; empty for all."""
    step: float | None = None
    """Seconds between samples; None for as many as the server has, within bounds."""
    where: str = ""
    """How it is named in sentences."""

    @classmethod
    def parse(cls, name: str) -> Address:
        """Take an address apart: `prometheus://HOST[:PORT][/PREFIX][?match={…}&step=30&tls=1]`.

        Raises
        ------
        ConfigError
            It makes no sense, or holds a user or password, which is never shown.
        """
        parts = urlsplit(name)
        try:
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        shown = printable(name.split("?")[0])[1:-1]
        if "@" in parts.netloc:
            raise ConfigError(
                "--hardware: user and password stand in RUNLENS_PROMETHEUS_USER and RUNLENS_PROMETHEUS_PASSWORD (or a "
                "token in RUNLENS_PROMETHEUS_TOKEN), not in the address"
            )
        if not re.fullmatch(r"[\w.:-]+", host):
            raise ConfigError(f"--hardware {shown} names no server; write prometheus://HOST:9090")
        said = _said(parts.query, shown)
        tls = parts.scheme.endswith("+https") or said.pop("tls", "") in ("1", "true", "yes")
        match = said.pop("match", "").strip().removeprefix("{").removesuffix("}").strip()
        if match and not _MATCHERS.fullmatch(match):
            raise ConfigError(
                f'--hardware {shown}: match takes matchers of labels, such as match={{Hostname=~"node1|node2"}}, and '
                f"{printable(match)} is none (write & as %26)"
            )
        step = _seconds(said.pop("step", ""), shown)
        if said:
            raise ConfigError(f"--hardware {shown} takes match, step and tls, not {printable(', '.join(said))}")
        host = f"[{host}]" if ":" in host else host
        place = f":{port}" if port is not None else "" if tls else f":{PORT}"
        url = f"{'https' if tls else 'http'}://{host}{place}{parts.path.rstrip('/')}"
        return cls(url, match.rstrip(", "), step, shown)


def _said(query: str, shown: str) -> dict[str, str]:
    """The parameters; a `+` is one, since regular expressions are full of them."""
    found: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        if key in found:
            raise ConfigError(f"--hardware {shown} says {printable(key)} twice")
        found[key] = unquote(value)
    return found


def _seconds(text: str, shown: str) -> float | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)s?", text)
    if found is None or float(found[1]) < 1:
        raise ConfigError(f"--hardware {shown}: step takes seconds, 1 or more, such as step=30")
    return float(found[1])
