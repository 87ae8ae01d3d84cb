"""The language of the project file: reads a person's TOML into a project with every mistake, and writes it."""
