"""Sound of calls: RTP, G.711, keys, prompts and recordings. Pure but for `thread.py` and `scribe.py`."""
