"""Rooms and people in words, for voice and for language models."""
