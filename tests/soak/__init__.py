"""A simulated year of a house, with everything that goes wrong in one: `scripts/soak`.

`year` lives through it by an `agenda`: `house` starts and stops Home Assistant, `deeds` are done in it, `office` books
and edits, `trouble` breaks things. `witness` overhears what Feishu answers. From that alone `hearing` lets the `oracle`
know, by brute force, what has to be shown; `watch` compares, and `leftovers` finds what should have ended.
"""
