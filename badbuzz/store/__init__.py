"""Everything that people ask about, in SQL: SQLite in a file, or PostgreSQL."""
