"""The database: exact column types, tables, one writer, migrations, backups."""
