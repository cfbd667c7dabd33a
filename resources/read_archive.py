#!/usr/bin/env python3
"""Prints the rows of a Taskscope archive as JSON lines, byte for byte as the Prefect server sent them: read_archive.py ARCHIVE

Needs Python 3.8 or later and nothing else; opens the archive read-only. A row's JSON is one zlib stream (RFC 1950) in the table <entity>_json;
one with a preset dictionary names it by its Adler-32, the key of the tables `dictionary` and `dictionary_copy`. Work pools and work queues are
plain text in the table `document`. Damaged rows are named on stderr and left out: exit code 1.
"""
import argparse
import pathlib
import signal
import sqlite3
import sys
import zlib

ROWS = ("task_run", "flow_run", "flow", "deployment")
DOCUMENTS = ("work_pool", "work_queue")


def open_row(z, dictionaries):
    preset = {"zdict": dictionaries[int.from_bytes(z[2:6], "big")]} if z[1] & 0x20 else {}  # FDICT, then the Adler-32
    stream = zlib.decompressobj(**preset)
    row = stream.decompress(z) + stream.flush()
    if stream.eof:
        return row
    raise zlib.error("a row is cut short")


def rows(archive, entity, dictionaries, damaged):
    if entity in DOCUMENTS:
        found = archive.execute("SELECT json FROM document WHERE kind = ? AND json IS NOT NULL ORDER BY id", (entity,))
        yield from (text.encode() for (text,) in found)
    else:
        # known = 0: only the id was seen, in another row
        for rid, z in archive.execute(f"SELECT rid, z FROM {entity}_json JOIN {entity} USING (rid) WHERE known = 1 ORDER BY rid"):
            try:
                yield open_row(z, dictionaries)
            except (zlib.error, KeyError, IndexError) as error:
                damaged.append(f"{entity} {rid}: {error!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("--entity", choices=ROWS + DOCUMENTS, action="append", help="default: all; may be repeated")
    asked = parser.parse_args()
    archive = sqlite3.connect(f"{asked.archive.resolve().as_uri()}?mode=ro", uri=True)
    both = archive.execute("SELECT adler, bytes FROM dictionary UNION ALL SELECT adler, bytes FROM dictionary_copy")
    dictionaries, damaged = {adler: text for adler, text in both if zlib.adler32(text) == adler}, []
    for entity in asked.entity or ROWS + DOCUMENTS:
        sys.stdout.buffer.writelines(row + b"\n" for row in rows(archive, entity, dictionaries, damaged))
    sys.exit("\n".join(damaged) or 0)


if __name__ == "__main__":
    signal.signal(getattr(signal, "SIGPIPE", signal.SIGTERM), signal.SIG_DFL)  # `| head` ends it quietly
    try:
        main()
    except sqlite3.Error as error:
        sys.exit(f"read_archive.py: not an archive that can be read: {error}")
