"""What tracking keeps and tells: callers, visits, and the call-tracking scenario."""
