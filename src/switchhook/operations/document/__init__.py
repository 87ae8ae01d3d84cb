"""What may be done with a project's document: its parts, its drafts, and how its versions differ."""
