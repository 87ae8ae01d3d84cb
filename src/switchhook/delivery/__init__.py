"""Sends requests to endpoints: deliveries with retries, asks under a circuit breaker, all past the address guard."""
