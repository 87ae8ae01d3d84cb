"""Looks for what around Switchhook is wrong: on this machine, and on the way to endpoints, trunks and mail."""
