"""The transactions of a SQL database, subject by subject; each dialect opens them in its own file."""
