"""The rules of the guard as data (YAML), and what compiles them."""
