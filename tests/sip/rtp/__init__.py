"""Tests of `switchhook.sip.rtp`."""
