"""The errors that RunLens raises on purpose, one base per stage.

    RunLensError
    ├── UsageError          exit 2: the command or the configuration is wrong
    │   ├── ConfigError     a setting, a rule code, a metric override
    │   └── NoRunFound      nothing at that name is a run (also a FileNotFoundError)
    └── ReadError           exit 3: there is a run, and it could not be read
        ├── NotALog         the file is no log of a known form (also a ValueError)
        ├── AccessRefused   no permission, no login (also a PermissionError)
        └── SourceDown      a server that does not answer, or timed out (also a ConnectionError)

Every message is one sentence that says what, where and what to do; it never holds a secret.
"""

from __future__ import annotations


class RunLensError(Exception):
    """Base of all; `exit_code` is what the command returns when nothing catches it."""

    exit_code = 3


class UsageError(RunLensError):
    """The command or the configuration is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting, rule code or metric override that makes no sense."""


class NoRunFound(UsageError, FileNotFoundError):
    """No run matches the name."""


class ReadError(RunLensError):
    """A run exists and could not be read."""


class NotALog(ReadError, ValueError):
    """The file is no log of a known form."""


class AccessRefused(ReadError, PermissionError):
    """No permission or no login."""


class SourceDown(ReadError, ConnectionError):
    """A server does not answer or timed out."""
