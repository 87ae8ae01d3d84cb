"""What has to go together in a project file."""
