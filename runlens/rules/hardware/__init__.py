"""HW001-HW006: what the GPUs themselves log, tied to what it did to training."""

from runlens.rules.hardware.clocks import ClockThrottling
from runlens.rules.hardware.errors import GpuErrors
from runlens.rules.hardware.memory import MemoryGrowth
from runlens.rules.hardware.peers import GpuOutlier
from runlens.rules.hardware.temperature import GpuOverheating
from runlens.rules.hardware.utilization import GpuUnderused

__all__ = ["ClockThrottling", "GpuErrors", "GpuOutlier", "GpuOverheating", "GpuUnderused", "MemoryGrowth"]
