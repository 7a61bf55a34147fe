"""Tables as an adversary would damage them: known kinds of damage in every form of a table, with the truth beside."""
