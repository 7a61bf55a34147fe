"""Alerts for runs that fail: one file a channel.

Addresses of webhooks are secrets: they come from the environment (read in `cli`), and never stand in a message.
"""
