"""Answers a question: seven steps on LangGraph, each ending a named status."""
