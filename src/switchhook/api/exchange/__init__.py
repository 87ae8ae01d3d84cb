"""What every exchange of the API has in common, whatever it is about: who sent it, its id, its form on the wire."""
