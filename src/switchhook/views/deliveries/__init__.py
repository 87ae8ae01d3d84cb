"""Deliveries as people read them."""
