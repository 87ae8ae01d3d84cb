"""Rehearses a draft on stored calls: says where they would have gone."""
