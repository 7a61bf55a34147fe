"""What figures are drawn from: panels, scales, curves, lanes, SVG."""
