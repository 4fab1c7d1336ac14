"""What is remembered: tables, statements, migrations."""
