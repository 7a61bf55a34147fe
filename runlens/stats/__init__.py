"""Robust statistics on 1-d arrays; no other package holds rolling windows."""
