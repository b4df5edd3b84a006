"""What an agency sees of its documents: gaps, contradictions, staleness and quality, as plain rows."""
