"""Any webhook that takes JSON."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from runlens.errors import SourceDown
from runlens.notify.address import TROUBLES, check_address


def webhook(report_json: str, address: str) -> None:
    """Send a JSON report to a webhook.

    Raises
    ------
    ConfigError
        If the address is no http(s) address.
    SourceDown
        If it did not take the report.
    """
    check_address(address, "RUNLENS_WEBHOOK")
    json.loads(report_json)
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        address, data=report_json.encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            answer.read(1)
    except urllib.error.HTTPError as error:
        raise SourceDown(f"the webhook answered {error.code}") from None
    except TROUBLES as error:
        raise SourceDown(f"the webhook could not be reached ({type(error).__name__})") from None
