"""Rehearsals of drafts on stored calls."""
