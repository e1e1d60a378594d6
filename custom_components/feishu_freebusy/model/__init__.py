"""What is known about rooms and people, and all rules for it: no Home Assistant, no I/O, no clock."""
