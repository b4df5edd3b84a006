"""Finds passages: documents become passages, these become points, a question finds them again."""
