"""RunLens inside a training: a monitor for any loop, and callbacks of frameworks that feed it.

Each framework's module is imported by its user alone, so that none of them is needed.
"""
