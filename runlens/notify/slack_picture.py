"""A picture in a thread of Slack: ask where to, send the bytes there, say that they are complete."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from runlens.errors import SourceDown
from runlens.notify.address import TROUBLES
from runlens.notify.slack import escaped, unreached

if TYPE_CHECKING:
    from slack_sdk import WebClient

LARGEST = 4 << 20
"""Bytes of a picture; a timeline has some 100 kB."""
SCOPE = "files:write"


def share(png: bytes, title: str, client: WebClient, channel: str, thread: str) -> None:
    """Put a picture into a thread.

    `files.getUploadURLExternal`, the upload, `files.completeUploadExternal` (docs.slack.dev/reference/methods).

    Parameters
    ----------
    png : bytes
    title : str
    client : WebClient
    channel : str
        Slack's id of the channel, as the message that stands there was answered with; no name.
    thread : str
        Slack's id of that message.

    Raises
    ------
    SourceDown
        Slack did not take it, such as from an app without `files:write`; or it is too large.
    """
    from slack_sdk.errors import SlackApiError, SlackClientError

    if len(png) > LARGEST:
        raise SourceDown(f"the picture is too large for Slack ({len(png):,} bytes)")
    try:
        place = client.files_getUploadURLExternal(filename="runlens.png", length=len(png), alt_txt=escaped(title))
        _upload(str(place["upload_url"]), png)
        client.files_completeUploadExternal(
            files=[{"id": str(place["file_id"]), "title": escaped(title)}], channel_id=channel, thread_ts=thread
        )
    except SlackApiError as error:
        why = escaped(str(error.response.get("error", "no reason")))[:80]
        needs = f"; the app needs {SCOPE}" if why == "missing_scope" else ""
        raise SourceDown(f"Slack refused the picture ({why}){needs}") from None
    except urllib.error.HTTPError as error:
        raise SourceDown(f"Slack refused the picture ({error.code})") from None
    except (SlackClientError, KeyError, *TROUBLES) as error:
        raise unreached(error) from None


def _upload(address: str, png: bytes) -> None:
    """Send the bytes where Slack said; the address is a secret of its own."""
    if not address.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("no address of the web")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        address, data=png, headers={"Content-Type": "image/png"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        answer.read(1)
