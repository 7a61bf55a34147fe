"""RL: whether a policy trained by reinforcement learning still gets better."""
