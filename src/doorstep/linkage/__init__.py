"""The record-linkage engine: which records are one person's. A library without Django and without a database."""
