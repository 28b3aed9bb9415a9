"""The wire: bytes in, signals out. Knows no order and no database."""
