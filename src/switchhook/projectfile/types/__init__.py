"""The types of a project file's values: targets, addresses, networks, hours."""
