"""What is asked of a server: the names that DCGM exporter, nvidia_gpu_exporter and node_exporter give, as data."""

from __future__ import annotations

from types import MappingProxyType

GPU = (
    # NVIDIA DCGM exporter (etc/default-counters.csv), the first that is there gives the times between scrapes
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_MEMORY_TEMP",
    "DCGM_FI_DEV_POWER_USAGE",
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_DEV_FB_USED",
    "DCGM_FI_DEV_SM_CLOCK",
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE",
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER",
    "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS",
    "DCGM_FI_DEV_CLOCKS_EVENT_REASONS",
    "DCGM_FI_DEV_THERMAL_VIOLATION",
    "DCGM_FI_DEV_POWER_VIOLATION",
    # utkuozdemir/nvidia_gpu_exporter (docs/METRICS.md): fields of nvidia-smi
    "nvidia_smi_temperature_gpu",
    "nvidia_smi_temperature_memory",
    "nvidia_smi_power_draw_watts",
    "nvidia_smi_utilization_gpu_ratio",
    "nvidia_smi_memory_used_bytes",
    "nvidia_smi_clocks_current_sm_clock_hz",
    "nvidia_smi_clocks_event_reasons_active",
    "nvidia_smi_clocks_throttle_reasons_active",
    "nvidia_smi_ecc_errors_uncorrected_volatile_total",
    "nvidia_smi_ecc_errors_corrected_volatile_total",
    "nvidia_smi_remapped_rows_uncorrectable",
    "nvidia_smi_remapped_rows_correctable",
    "nvidia_smi_remapped_rows_failure",
)
"""Gauges and counters of a GPU, each asked for as it is."""

XID_EVENTS = "nvidia_smi_xid_errors_total"
"""Counts events, one series a code; made into codes (`series.codes_of_events`)."""
LAST_XID = "DCGM_FI_DEV_XID_ERRORS"
"""The last code, which stays: one from before the run is history (`series.without_history`)."""

INFO = "nvidia_smi_gpu_info"
"""Its labels say the index of the GPU of a `uuid`."""
UNAME = "node_uname_info"
"""Its label `nodename` says which host an `instance` is."""

NODE = MappingProxyType(
    {
        "node_memory_used_percent": "100 * (1 - node_memory_MemAvailable_bytes{{{which}}}"
        " / node_memory_MemTotal_bytes{{{which}}})",
        "node_cpu_used_percent": "100 * (1 - avg by (instance)"
        ' (rate(node_cpu_seconds_total{{mode="idle",{which}}}[{window}s])))',
        "node_network_errors_per_second": "sum by (instance)"
        " (rate(node_network_receive_errs_total{{{which}}}[{window}s])"
        " + rate(node_network_transmit_errs_total{{{which}}}[{window}s]))",
    }
)
"""What is made of node_exporter's series: our name to the query.

Available memory is what the kernel says that programs could still get (`MemAvailable`), caches counted in.
"""
