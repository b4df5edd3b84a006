"""What may be cited: documents, the catalogue that names them, and the connectors that read them."""
