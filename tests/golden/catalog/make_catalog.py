#!/usr/bin/env python3
"""Writes catalog_vN.sql: a small catalogue of schema version N as SQL text.

Usage: make_catalog.py SCHEMA_CPP CATALOG_DB > catalog_vN.sql
N is CATALOG_DB's, which a stylus of that time wrote; the DDL is copied out of SCHEMA_CPP (its first N
migrations). The result must never be made anew: it stands for files that users have.
"""
import re
import sqlite3
import sys

TABLES = {1: ("adapter", "document", "prompts", "source", "place", "known_hash", "stem", "facet", "tag", "overlay",
              "vector_set", "vector"),
          2: ("refinement", "trigger_phrase", "model_reply")}


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return "X'" + value.hex() + "'"
    if isinstance(value, (int, float)):
        return repr(value)
    quoted = "'" + value.replace("'", "''") + "'"
    return quoted.replace("\x1f", "' || char(31) || '").replace("\x1e", "' || char(30) || '")


def main():
    schema = open(sys.argv[1], encoding="utf-8").read()
    database = sqlite3.connect(sys.argv[2])
    newest = database.execute("PRAGMA user_version").fetchone()[0]
    for version in range(1, newest + 1):
        print(re.search(rf'kVersion{version} = R"sql\((.*?)\)sql"', schema, re.S)[1].strip())
    print("UPDATE meta SET value =", database.execute("SELECT value FROM meta").fetchone()[0], "WHERE key = 'revision';")
    for table in (table for version in range(1, newest + 1) for table in TABLES[version]):
        for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
            print(f"INSERT INTO {table} VALUES ({', '.join(map(literal, row))});")
    print("INSERT INTO document_index (rowid, name, tags, triggers, description, cjk) "
          "SELECT row, name, tags, triggers, description, cjk FROM document;")
    for pragma in ("user_version", "application_id"):
        print(f"PRAGMA {pragma} = {database.execute(f'PRAGMA {pragma}').fetchone()[0]};")


if __name__ == "__main__":
    main()
