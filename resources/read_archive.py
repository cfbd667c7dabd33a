#!/usr/bin/env python3
"""Prints the rows of a Taskscope archive as JSON lines, byte for byte as the Prefect server sent them.

    python3 read_archive.py ARCHIVE [--entity task_run]

Needs Python 3.8 or later and nothing else; opens the archive read-only. A row's JSON is one zlib stream (RFC 1950) in the table
<entity>_json. A stream with a preset dictionary names it by its Adler-32, the key of the tables `dictionary` and `dictionary_copy`.
Work pools and work queues are plain text in the table `document`. Damaged rows are named on stderr and left out: exit code 1.
"""
import argparse
import pathlib
import sqlite3
import sys
import zlib

ROWS = ("task_run", "flow_run", "flow", "deployment")
DOCUMENTS = ("work_pool", "work_queue")
FDICT = 0x20  # in the second byte of a stream: the next four bytes are the dictionary's Adler-32


def open_row(z, dictionaries):
    preset = {"zdict": dictionaries[int.from_bytes(z[2:6], "big")]} if z[1] & FDICT else {}
    stream = zlib.decompressobj(**preset)
    row = stream.decompress(z) + stream.flush()
    if not stream.eof:
        raise zlib.error("a row is cut short")
    return row


def rows(archive, entity, dictionaries, damaged):
    if entity in DOCUMENTS:
        sql = "SELECT json FROM document WHERE kind = ? AND json IS NOT NULL ORDER BY id"
        for (text,) in archive.execute(sql, (entity,)):
            yield text.encode()
        return
    # known = 0: only the id was seen, in another row
    for rid, z in archive.execute(f"SELECT rid, z FROM {entity}_json JOIN {entity} USING (rid) WHERE known = 1 ORDER BY rid"):
        try:
            yield open_row(z, dictionaries)
        except (zlib.error, KeyError, IndexError) as error:
            damaged.append(f"{entity} {rid}: {error!r}")


def main():
    parser = argparse.ArgumentParser(description="Prints the rows of a Taskscope archive as JSON lines.")
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--entity", choices=ROWS + DOCUMENTS, action="append", help="default: all; may be repeated")
    asked = parser.parse_args()
    archive = sqlite3.connect(asked.archive.resolve().as_uri() + "?mode=ro", uri=True)
    both = archive.execute("SELECT adler, bytes FROM dictionary UNION ALL SELECT adler, bytes FROM dictionary_copy")
    dictionaries = {adler: text for adler, text in both if zlib.adler32(text) == adler}
    damaged = []
    for entity in asked.entity or ROWS + DOCUMENTS:
        for row in rows(archive, entity, dictionaries, damaged):
            sys.stdout.buffer.write(row + b"\n")
    sys.exit("\n".join(damaged) or 0)


if __name__ == "__main__":
    main()
