"""TPUT: speed that was lost, in steps, slopes, pauses, gaps and stragglers."""
