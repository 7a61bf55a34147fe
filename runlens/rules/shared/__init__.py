"""Parts that several families of rules share."""
