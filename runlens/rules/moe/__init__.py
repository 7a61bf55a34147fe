"""MOE: how a mixture of experts shares out the tokens."""
