"""Event webhooks for known receivers, ready but for what only a person knows."""
