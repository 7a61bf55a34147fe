"""Names, help texts and labels of all metric families: what dashboards and alert rules are written against."""

from __future__ import annotations

from types import MappingProxyType

REPORT = ("source",)
"""Labels of what is said of a whole report: two reports in one textfile folder must not collide."""
RUN = ("entity", "project", "training_job", "source", "run")
"""Labels of what is said of a run. Prometheus keeps `job` for itself (a clash becomes `exported_job`)."""
GPU = (*RUN, "node", "gpu", "kind")

FAMILIES: MappingProxyType[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "runlens_report_created_seconds": ("When the report was made, seconds since the epoch.", REPORT),
        "runlens_exit_code": ("0 pass, 1 fail, 3 could not judge.", REPORT),
        "runlens_run_verdict": ("1 for the run's verdict, 0 for the other two.", (*RUN, "verdict")),
        "runlens_run_state": ("1 for the run's state, 0 for the others.", (*RUN, "state")),
        "runlens_run_ended_seconds": (
            "When a run ended, seconds since the epoch; its other series have left.",
            (*RUN, "state", "verdict"),
        ),
        "runlens_run_findings": ("Findings that count, by severity.", (*RUN, "severity")),
        "runlens_run_findings_known": ("Findings that a baseline suppresses.", RUN),
        "runlens_rule_findings": ("Findings that count, by rule.", (*RUN, "code", "name", "severity")),
        "runlens_run_rules_checked": ("Rules that judged the run.", RUN),
        "runlens_run_rules_skipped": ("Rules that did not judge the run.", RUN),
        "runlens_run_failures": ("Parts that could not be read, and rules that crashed.", RUN),
        "runlens_run_action": ("1 for what to do with the run.", (*RUN, "kind")),
        "runlens_run_rewind_to_step": ("The step to go back to, where that is the advice.", RUN),
        "runlens_run_step": ("Last training step.", RUN),
        "runlens_run_tokens": ("Tokens consumed.", RUN),
        "runlens_run_points": ("Points read.", RUN),
        "runlens_run_last_point_seconds": ("Wall time of the last point, seconds since the epoch.", RUN),
        "runlens_run_age_seconds": ("Age of the last point when the report was made.", RUN),
        "runlens_run_last_value": ("Last value of a main series.", (*RUN, "role", "metric", "unit")),
        "runlens_eval_value": ("Last value of an eval.", (*RUN, "task", "kind", "setting", "metric")),
        "runlens_eval_lag_ratio": (
            "Tokens (or steps) needed over those of the reference for the same evals; above 1 is behind.",
            (*RUN, "reference", "group", "axis"),
        ),
        "runlens_eval_behind": (
            "Tokens (or steps) behind the reference; negative is ahead.",
            (*RUN, "reference", "group", "axis"),
        ),
        "runlens_gpu_temperature_celsius": ("Last temperature of a GPU.", GPU),
        "runlens_gpu_memory_used_bytes": ("Last memory use of a GPU.", GPU),
        "runlens_gpu_memory_used_ratio": ("Last memory use of a GPU, 0 to 1.", GPU),
        "runlens_gpu_utilization_ratio": ("Last utilisation of a GPU, 0 to 1.", GPU),
        "runlens_gpu_power_watts": ("Last power of a GPU.", GPU),
        "runlens_gpu_clock_hertz": ("Last clock of a GPU.", GPU),
        "runlens_gpu_errors": ("Last count of errors of a GPU.", GPU),
        "runlens_gpu_sampled_seconds": (
            "Wall time of the last sample of a GPU, seconds since the epoch.",
            (*RUN, "node", "gpu"),
        ),
        "runlens_host_memory_used_bytes": ("Last memory use of a host.", GPU),
        "runlens_host_memory_used_ratio": ("Last memory use of a host, 0 to 1.", GPU),
    }
)
"""Name of each family to its help text and labels; all are gauges."""

UNITS = MappingProxyType(
    {
        ("gpu_temperature", "C"): ("runlens_gpu_temperature_celsius", 1.0),
        ("gpu_memory", "bytes"): ("runlens_gpu_memory_used_bytes", 1.0),
        ("gpu_memory", "%"): ("runlens_gpu_memory_used_ratio", 0.01),
        ("gpu_utilization", "%"): ("runlens_gpu_utilization_ratio", 0.01),
        ("gpu_power", "W"): ("runlens_gpu_power_watts", 1.0),
        ("gpu_clock", "MHz"): ("runlens_gpu_clock_hertz", 1e6),
        ("gpu_errors", "1"): ("runlens_gpu_errors", 1.0),
        ("host_memory", "bytes"): ("runlens_host_memory_used_bytes", 1.0),
        ("host_memory", "%"): ("runlens_host_memory_used_ratio", 0.01),
    }
)
"""Role and unit of a series of hardware to its family, and the factor to the family's unit."""
