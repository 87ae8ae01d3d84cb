"""How calls and deliveries look, as text for people and as JSON for programs."""
