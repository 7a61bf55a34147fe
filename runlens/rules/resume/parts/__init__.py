"""What the rule on resumes is made of; no rule stands here."""
