"""What is known of rooms and people, and every rule about it: no Home Assistant, no I/O, no clock."""
