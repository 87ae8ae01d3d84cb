"""Which tables and keys the project file has, each once with its type, default and help."""
