"""What a value of the project file may be: targets, addresses, networks, hours."""
