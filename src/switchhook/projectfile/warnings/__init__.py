"""Remarks on a project file: allowed, and perhaps not meant."""
