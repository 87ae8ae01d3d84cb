"""Integration: the webhooks that a project tells, and its call-tracking scenario."""
