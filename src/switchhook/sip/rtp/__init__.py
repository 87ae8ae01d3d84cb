"""Sound of calls: RTP, G.711, keys, prompts and recordings. Pure, but `scribe.py` writes files."""
