"""Any webhook that takes JSON."""

from __future__ import annotations

import urllib.error
import urllib.request

from runlens.errors import SourceDown
from runlens.notify.address import TROUBLES, check_address


def webhook(body: str, address: str) -> None:
    """Send JSON to a webhook.

    Raises
    ------
    ConfigError
        If the address is no http(s) address.
    SourceDown
        If it did not take it.
    """
    check_address(address, "RUNLENS_WEBHOOK")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        address, data=body.encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            answer.read(1)
    except urllib.error.HTTPError as error:
        raise SourceDown(f"the webhook answered {error.code}") from None
    except TROUBLES as error:
        raise SourceDown(f"the webhook could not be reached ({type(error).__name__})") from None
