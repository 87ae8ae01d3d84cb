"""Deliveries over HTTP, and what a person does about them."""
