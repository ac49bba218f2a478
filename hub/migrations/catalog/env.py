"""Alembic's entry for catalog.db; called by hub.migrations.upgrade only."""

from alembic import context

from hub.tables import CATALOG

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection, target_metadata=CATALOG, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()
