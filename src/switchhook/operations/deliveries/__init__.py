"""Deliveries as people look for them."""
