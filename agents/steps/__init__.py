"""One module per step. A step takes the state and the context and returns what it changes."""
