"""What is no mistake in a project file, and perhaps not meant."""
