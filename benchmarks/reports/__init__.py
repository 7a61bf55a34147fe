"""Troubles that people reported, rebuilt from what they said of them, each beside a healthy twin."""
