"""Talking to a W&B server: login, queries, patience, answers."""
