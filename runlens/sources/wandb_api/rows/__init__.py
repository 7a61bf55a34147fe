"""History rows as columns: from JSON lines, pages and Arrow."""
