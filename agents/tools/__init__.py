"""One file per tool, with a YAML file of the same name beside it; a tool is found by being here."""
