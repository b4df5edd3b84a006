"""What was asked and how it ended: kept without personal data, for a while, off the answer's path."""
