"""What may be cited: documents, the catalogue that names them, the connectors that read them."""
