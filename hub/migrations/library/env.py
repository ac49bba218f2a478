"""Alembic's entry for library.db; called by hub.migrations.upgrade only."""

from alembic import context

from hub.tables import LIBRARY

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=LIBRARY, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()
