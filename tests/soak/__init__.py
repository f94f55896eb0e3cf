"""What must hold however a process ends, is refused by the disk or meets another one: `make soak` (docs/security.md)."""
