"""Specifications: OpenAPI, AsyncAPI and TypeScript, generated from the tables, and their pages."""
