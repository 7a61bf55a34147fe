"""Addresses of webhooks: checked, and never shown."""

from __future__ import annotations

import http.client

from runlens.errors import ConfigError

TROUBLES = (OSError, ValueError, http.client.HTTPException)
"""What a client raises for an address or a connection; its text may hold the address, and is never shown."""


def check_address(address: str, variable: str) -> None:
    """Refuse what is no address of the web, without showing it.

    Raises
    ------
    ConfigError
        Names the variable.
    """
    if not address.startswith(("http://", "https://")) or not address.isprintable() or " " in address:
        raise ConfigError(f"{variable} must be an http or https address")
