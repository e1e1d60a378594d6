"""A simulated year of a house, with everything that goes wrong in one: `scripts/soak`.

`year` lives through it, `house` starts and stops Home Assistant, `office` books and edits, `trouble` breaks things,
`witness` hears what Feishu answers, and `oracle` knows from that alone, by brute force, what has to be shown.
"""
