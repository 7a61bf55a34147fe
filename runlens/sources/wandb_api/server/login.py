"""Who is asking, and which server: all of it left to wandb's own login (environment, netrc, settings, identity)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runlens.errors import AccessRefused, ConfigError, UsageError
from runlens.sources.wandb_api.address import Address, is_cloud

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Login:
    """A server and what it takes to be let in; the secrets are in no repr."""

    base_url: str = field(repr=False)
    """Address of the API, without a trailing slash; it may hold a password."""
    app_url: str
    """Address of the pages for people."""
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """Access token of a federated identity, where that is the login."""
    verify: bool = True
    """Whether TLS certificates are checked (`WANDB_INSECURE_DISABLE_SSL`)."""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Further headers from wandb's settings."""

    @property
    def host(self) -> str:
        """The server for messages: scheme, host and port, and nothing that could hold a secret."""
        url = urlsplit(self.base_url)
        return f"{url.scheme}://{url.hostname}" + (f":{url.port}" if url.port else "")

    def clean(self, text: str) -> str:
        """Text from outside, with every secret of this login struck out."""
        password = urlsplit(self.base_url).password or ""
        for secret in (self.key, self.token, password, *self.headers.values()):
            if len(secret) > 3:
                text = text.replace(secret, "***")
        return text


def login(address: Address) -> Login:
    """The login that wandb would use for an address.

    Raises
    ------
    AccessRefused
        Nobody is logged in, or the key has not the form of one.
    UsageError
        The page belongs to another server than the one wandb is set up for, or wandb's settings are no settings.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # reading a run is no reason to phone anybody
    from wandb import env

    settings = _settings()
    base = str(env.get_base_url(settings.base_url)).rstrip("/")
    app = _pages(base, settings)
    _same_server(address, base, app)
    key, token = _credentials(base, settings)
    extra = getattr(settings, "x_extra_http_headers", None) or {}
    found = Login(base, app, key, token, not getattr(settings, "insecure_disable_ssl", False), dict(extra))
    if not (key or token):
        raise AccessRefused(
            f"no login for the W&B server {found.host}; run `wandb login`, or set WANDB_API_KEY "
            "(and WANDB_BASE_URL for a server of your own)"
        )
    return found


def _pages(base: str, settings: Any) -> str:
    """Address of the pages for people; the settings' own word holds only for the server that they are of."""
    from wandb import util

    derived = getattr(util, "api_to_app_url", str)  # of clients before it the pages are where the API is
    told = getattr(settings, "app_url", "") if str(settings.base_url).rstrip("/") == base else ""
    return str(told or derived(base)).rstrip("/")


def _settings() -> Any:
    """The settings of wandb, from the environment and its files.

    Raises
    ------
    ConfigError
        wandb does not take them. Its own words quote the value, which may hold a password.
    """
    from pydantic import ValidationError
    from wandb.sdk import wandb_setup

    try:
        return wandb_setup.singleton().settings
    except ValidationError as error:
        raise _not_taken(error) from None


def _not_taken(error: ValidationError) -> ConfigError:
    wrong = "; ".join(": ".join([*map(str, e["loc"]), e["msg"]]) for e in error.errors())
    return ConfigError(
        f"wandb's settings cannot be used ({wrong}); look at WANDB_BASE_URL and the other WANDB_ variables"
    )


def _same_server(address: Address, base: str, app: str) -> None:
    """Refuse to send the key of one server to another that merely stands in a pasted address."""
    if not address.server or (is_cloud(address.server) and is_cloud(base)):
        return
    theirs = urlsplit(address.server)
    if any((theirs.hostname, theirs.port) == (urlsplit(u).hostname, urlsplit(u).port) for u in (base, app)):
        return
    mine = urlsplit(base)
    raise UsageError(
        f"the page is on {theirs.hostname}, but wandb is set up for {mine.hostname}; "
        f"set WANDB_BASE_URL to the server of the page to read from it"
    )


def _credentials(base: str, settings: Any) -> tuple[str, str]:
    """API key and access token, one of them or both empty, by wandb's own rules and without a prompt."""
    try:
        from wandb.sdk.lib import wbauth
    except ImportError:  # wandb before 0.22 keeps its login elsewhere
        from wandb.sdk.lib import apikey

        return str(apikey.api_key(settings=settings) or ""), ""
    from pydantic import ValidationError
    from wandb.errors import AuthenticationError

    try:
        auth = wbauth.authenticate_session(
            host=base, source="runlens", no_offline=True, prompt=False, update_session=False
        )
    except ValidationError as error:
        raise _not_taken(error) from None
    except (AuthenticationError, ValueError) as error:
        raise AccessRefused(
            f"the W&B login cannot be used: {_without_key(str(error))}; run `wandb login --relogin`"
        ) from None
    if auth is None:
        return "", ""
    if isinstance(auth, wbauth.AuthApiKey):
        return str(auth.api_key), ""
    return "", _access_token(auth, settings)


def _access_token(auth: Any, settings: Any) -> str:
    from wandb.apis.public.service_api import ServiceApi
    from wandb.sdk.lib import wbauth

    own = settings.model_copy()
    wbauth.set_auth_settings(own, auth)
    return str(ServiceApi(settings=own, timeout=20).access_token() or "")


def _without_key(text: str) -> str:
    """A message of wandb's about a key, with anything struck out that could be one."""
    key = os.environ.get("WANDB_API_KEY") or ""
    return (text.replace(key, "***") if len(key) > 3 else text).strip().rstrip(".")
