"""Colours that people with any colour vision tell apart, for figures and pages alike.

Okabe and Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/. Severity is never said by colour
alone: each has its sign as well.
"""

from __future__ import annotations

from runlens.model import Severity

BLUE = "#0072B2"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
RED = "#C1272D"
"""Darker than the orange, which is what tells them apart where red and green look alike."""
SKY = "#56B4E9"
BLACK = "#222222"
GREY = "#6b6b6b"
LIGHT = "#d9d9d9"

CURVES = (BLUE, GREEN, PURPLE, "#8c6d1f", SKY, BLACK)
"""Colours of the run's own curves in one panel, in order."""
SEVERITY = {Severity.ERROR: RED, Severity.WARNING: ORANGE, Severity.INFO: SKY}
SIGN = {Severity.ERROR: "✖", Severity.WARNING: "▲", Severity.INFO: "●"}
VERDICT = {"pass": "#00694d", "fail": "#b3202a", "undecided": "#5b5b5b"}
"""Darker than the severities: they carry white text at a contrast of 4.5 or more."""
