"""Checks the English of the repository: `scripts/prose`.

The rules are in the files beside this one: `words.txt` (words to replace, in codespell's format), `accepted.txt` (words
that codespell must leave alone) and `phrases.toml` (what takes more than one word to recognize).
"""
