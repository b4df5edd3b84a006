"""Reads a question by rules: language, country, aspects asked for, and what it continues."""
