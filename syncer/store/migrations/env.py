"""Runs the migrations on the database that `syncer.store.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

from syncer.store import tables
from syncer.store.database import Database

assert tables  # registers the models


def _run() -> None:
    database: Database = context.config.attributes["database"]
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # batch mode would drop child rows, and the pragma is ignored in a transaction
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            compare_type=True,
            transactional_ddl=True,  # SQLite's too: all migrations or none
            user_module_prefix="",
        )
        with context.begin_transaction():
            context.run_migrations()
            if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"the migration broke {len(broken)} references")


_run()
