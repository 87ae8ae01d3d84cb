"""A project's document over HTTP: its parts, its versions, its drafts."""
