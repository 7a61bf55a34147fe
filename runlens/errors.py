"""The errors that RunLens raises on purpose, one base per stage.

    RunLensError
    ├── UsageError          exit 2: the command or the configuration is wrong
    │   ├── ConfigError     a setting, a rule code, a metric override
    │   │   └── SettingError    the setting of that name
    │   └── NoRunFound      nothing at that name is a run (also a FileNotFoundError)
    ├── NotWritten          exit 3: a report could not be written, such as to a full disk
    └── ReadError           exit 3: there is a run, and it could not be read
        ├── NotALog         the file is no log of a known form (also a ValueError)
        ├── AccessRefused   no permission, no login (also a PermissionError)
        └── SourceDown      a server that does not answer, or timed out (also a ConnectionError)

Every message is one sentence that says what, where and what to do; it never holds a secret.
"""

from __future__ import annotations

from collections.abc import Iterable


class RunLensError(Exception):
    """Base of all; `exit_code` is what the command returns when nothing catches it."""

    exit_code = 3


class UsageError(RunLensError):
    """The command or the configuration is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting, rule code or metric override that makes no sense."""


class SettingError(ConfigError):
    """A setting that is not known, or a value that it cannot have."""

    def __init__(self, message: str, setting: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.setting = setting
        """Its keys from the top of the configuration, and the number of the entry in an array of tables."""


class NotWritten(RunLensError):
    """There is a report, and it could not be written: a full disk, a quota."""


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


def did_you_mean(given: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The end of a sentence about a name that is not known: the names near it, or else all of them.

    Parameters
    ----------
    given : str
    known : iterable of str
    otherwise : str, optional
        What is said in place of a list of all, where none is near.

    Returns
    -------
    str
        Names that hold what was given come first (`loss`: `train_loss`), then the one that is spelt most like it.
    """
    import difflib

    names = {name.lower(): name for name in known}
    word = given.strip().lower()
    near = [name for low, name in names.items() if word and word in low][:3]
    near = near or [names[low] for low in difflib.get_close_matches(word, names, 1)]
    if near:
        return f"did you mean {' or '.join([', '.join(near[:-1]), near[-1]] if near[1:] else near)}?"
    return otherwise if otherwise is not None else f"known are {', '.join(names.values())}."
