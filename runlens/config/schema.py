"""What may stand in `runlens.toml`: pydantic models that refuse what they do not know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from runlens.config.tokens import count_of_tokens
from runlens.errors import ConfigError, did_you_mean
from runlens.judging.limits import Limits
from runlens.model import Severity
from runlens.roles.vocabulary import ROLES
from runlens.rules import RULES
from runlens.rules.select import check_codes

Codes = list[str]
RuleSettings = dict[str, Any]
_USUAL = Limits()


def _checked(codes: Codes) -> Codes:
    """The codes, refused in the way that pydantic reports with the key they stand under."""
    try:
        return list(check_codes(codes))
    except ConfigError as error:
        raise ValueError(str(error)) from error


class LimitSettings(BaseModel):
    """What one run may cost: it is cut, or given up with a sentence, and takes nothing from the others."""

    model_config = ConfigDict(extra="forbid")

    points: int = Field(_USUAL.points, gt=0, description="Points of all series; a run with more is not judged.")
    names: int = Field(
        _USUAL.names, gt=0, description="Series; the shortest ones beyond are left out, and LOG001 says so."
    )
    seconds: float = Field(_USUAL.seconds, ge=0, description="Wall time, fetching included; 0 is no limit.")
    memory: float = Field(
        _USUAL.memory, ge=0, description="GB for one run, where the system can limit it; 0 is no limit."
    )


class EvalSettings(BaseModel):
    """What the user says of one eval, by its logged name."""

    model_config = ConfigDict(extra="forbid")

    higher_is_better: bool = Field(description="Whether more of it is better, where its name does not tell.")


class Judging(BaseModel):
    """The settings that may differ from run to run."""

    model_config = ConfigDict(extra="forbid")

    select: Codes | None = Field(None, description="Rule codes or prefixes to judge by; all rules if not given.")
    ignore: Codes | None = Field(None, description="Rule codes or prefixes to leave out.")
    fail_on: Severity | None = Field(None, description="Lowest severity that makes a run fail (default: error).")
    references: list[str] | None = Field(None, description="References for EVAL001: shipped name, file, folder or run.")
    twins: list[str] | None = Field(None, description="Runs that this one should equal, step by step.")
    eval_results: list[str] | None = Field(
        None, description="Folder of lm-evaluation-harness, lighteval or OLMES results of the run's checkpoints."
    )
    hardware: str | None = Field(
        None,
        min_length=1,
        description="Log of nvidia-smi (--format=csv, in UTC) that was written beside the run, or a server: "
        "prometheus://HOST:9090?match={…}.",
    )
    requirements: list[str] | None = Field(None, description="Requirements for EVAL005, such as 'hellaswag>=0.55@1T'.")
    tokens_per_step: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Tokens of one optimizer step, where the log does not tell."
    )
    total_tokens: str | float | None = Field(None, description="Tokens planned for the run: 3e12, or '3T', '600B'.")
    metrics: dict[str, str] = Field(default_factory=dict, description="Role to logged name, where it is not found.")
    x: str | None = Field(None, min_length=1, description="Of tables: the column that is the x axis, if not the usual.")
    evals: dict[str, EvalSettings] = Field(
        default_factory=dict, description="Logged name of an eval to what is known of it: `higher_is_better`."
    )
    limits: LimitSettings | None = Field(None, description="What one run may cost.")
    rules: dict[str, RuleSettings] = Field(
        default_factory=dict, description="Settings for each rule by its code; `severity` for its findings."
    )

    @field_validator("select", "ignore")
    @classmethod
    def _known_codes(cls, codes: Codes | None) -> Codes | None:
        return codes if codes is None else _checked(codes)

    @field_validator("total_tokens")
    @classmethod
    def _number_of_tokens(cls, given: str | float | None) -> str | float | None:
        try:
            return given if given is None else count_of_tokens(given)
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @field_validator("metrics")
    @classmethod
    def _known_roles(cls, metrics: dict[str, str]) -> dict[str, str]:
        for role in metrics:
            if role not in ROLES:
                raise ValueError(f"unknown role {role!r}; {did_you_mean(role, ROLES)}")
        return metrics

    @field_validator("rules")
    @classmethod
    def _known_rules(cls, rules: dict[str, RuleSettings]) -> dict[str, RuleSettings]:
        known = {rule.code for rule in RULES}
        whole = {code: _checked([code])[0] for code in rules}
        for given, code in whole.items():
            if code not in known:
                raise ValueError(f"{given!r} under [rules] must be one whole code, such as LOSS001")
        return {whole[given]: settings for given, settings in rules.items()}


class RunOverride(Judging):
    """Settings for the runs whose id fits a pattern; later ones win."""

    match: str = Field(min_length=1, description="Pattern for the run's id, such as 'nightly/*' (shell style).")


class ConfigFile(Judging):
    """The settings of RunLens: runlens.toml, or [tool.runlens] in pyproject.toml."""

    baseline: str | None = Field(None, description="File of known findings, written by `runlens baseline`.")
    exclude: list[str] | None = Field(
        None, description="Files and folders to pass over, by name or path below the folder named, such as 'old/*'."
    )
    gitignore: bool | None = Field(
        None, description="Pass over what .gitignore files in the folder named leave out (default: true)."
    )
    strict: bool | None = Field(None, description="Undecided (exit 3) if a file looked like a log and was not read.")
    nights: str | None = Field(
        None, description="File of the records of nights: good ones are held against, each judged run is recorded."
    )
    jobs: int | None = Field(None, ge=-1, description="Runs judged at once; -1 takes every core.")
    runs: list[RunOverride] = Field(default_factory=list, description="Settings for some of the runs.")
