"""Reads what laptops sealed, from core/FORMAT.md alone: shares nothing with the C code, on purpose."""
