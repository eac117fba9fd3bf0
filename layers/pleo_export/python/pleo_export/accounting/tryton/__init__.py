"""The connector for Tryton."""
