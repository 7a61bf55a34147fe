"""RES: whether a resumed run goes on where it stood."""
