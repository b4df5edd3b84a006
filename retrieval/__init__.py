"""Finds passages: documents become passages, passages become points, a question finds them again."""
