"""The one data layer: schema, migrations and every statement."""
