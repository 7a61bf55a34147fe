"""Figures of the roles."""
