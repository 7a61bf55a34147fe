"""From runs and rules to a report: check, charts, incidents, known findings, verdict."""
