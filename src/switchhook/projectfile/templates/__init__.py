"""Events for known receivers, each a piece of a project file with gaps to fill in."""
