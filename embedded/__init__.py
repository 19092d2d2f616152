"""PostgreSQL and Valkey from wheels, for development and the tests."""
