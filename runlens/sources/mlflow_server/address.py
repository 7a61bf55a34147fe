"""Names of runs at an MLflow server: `mlflow://EXPERIMENT/RUN`, or the address of a page of its."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

SCHEME = "mlflow://"
RUN_ID = re.compile(r"[0-9a-f]{32}")
_PAGE = re.compile(r"/experiments/(?P<experiment>\d+)(?:/runs/(?P<run>[0-9a-zA-Z]{1,64}))?(?:[/?].*)?")


@dataclass(frozen=True, slots=True)
class Address:
    """A run, or an experiment where `run` is empty."""

    experiment: str
    """Its name or id; empty for a run that is named by its id alone."""
    run: str = ""
    """Its id or its name."""
    server: str = ""
    """Address of the server, without a trailing slash and without secrets; empty for that of `MLFLOW_TRACKING_URI`."""

    @property
    def location(self) -> str:
        """What a `RunRef` carries; `parse` reads it back."""
        if self.server:
            return f"{self.server}/#/experiments/{self.experiment}" + (f"/runs/{self.run}" if self.run else "")
        return SCHEME + "/".join(quote(part, safe="") for part in (self.experiment, self.run) if part)


def parse(text: str) -> Address | None:
    """The run or experiment that a name stands for, or None if it has not the form of one.

    Parameters
    ----------
    text : str
        `mlflow://EXPERIMENT/RUN`, each by its id or its name (blanks and slashes of a name as `%20` and `%2F`);
        `mlflow://EXPERIMENT` for all its runs; `mlflow://RUN_ID`; or the address of a run's or an experiment's page.
    """
    text = text.strip()
    if text.lower().startswith(SCHEME):
        parts = [unquote(part) for part in text[len(SCHEME) :].strip("/").split("/")]
        if not parts[0] or len(parts) > 2:
            return None
        if len(parts) == 1 and RUN_ID.fullmatch(parts[0]):
            return Address("", parts[0])
        return Address(*parts)
    if not text.lower().startswith(("http://", "https://")):
        return None
    try:
        url = urlsplit(text)
        page, port = _PAGE.fullmatch(url.fragment), url.port
    except ValueError:
        return None
    if page is None or not url.hostname:
        return None
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    server = f"{url.scheme.lower()}://{host}" + (f":{port}" if port else "") + url.path.rstrip("/")
    return Address(page["experiment"], page["run"] or "", server)
