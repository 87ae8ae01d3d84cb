"""The rules between the tables of a project file."""
