"""Language models: one protocol, and one file per backend."""
