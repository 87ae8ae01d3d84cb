"""The door for programs: HTTP in front of `operations`."""
