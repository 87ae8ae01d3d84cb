"""The command `switchhook deliveries`: what became of them, and what a person does about it."""
