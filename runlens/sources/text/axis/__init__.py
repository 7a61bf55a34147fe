"""Where the lines of a console log stand."""
