"""Tests of what may be done with the document of a project."""
