"""Media of calls: RTP, G.711, DTMF, playback and recording. Pure, but `recording_writer.py` writes files."""
