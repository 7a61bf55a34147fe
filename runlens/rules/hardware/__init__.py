"""HW: what the GPUs themselves log, tied to what it did to training."""
