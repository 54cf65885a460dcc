"""What a person reads: tables, and the README of an export folder."""
