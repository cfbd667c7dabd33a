/**
 * The log: one JSON object a line, in the data folder, whatever shell runs. Three files of 1 MB at most, so that it never fills a
 * disk. A log that cannot be written is no reason to stop anything: its errors are dropped.
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Auth } from '../../prefect/connection.ts';
import { redactor } from '../../prefect/secrets.ts';
import { makePrivate, makePrivateFolder, PRIVATE_FILE } from '../../store/file/private.ts';
import type { Log } from '../shell.ts';

const MAX_BYTES = 1_000_000; // of one file
const KEPT = 2; // older files: .1 is the newer of them
const MAX_LINE = 20_000; // characters; a stack of 100 calls has 10,000
const MAX_TAIL = 100_000; // bytes read for the last lines

/** A redactor for each connection this process has used, by what it blanks. */
const redactors = new Map<string, (text: string) => string>();

/** From now on no log of this process shows these secrets. */
export function keepOutOfLogs(auth: Auth, headers: Record<string, string>): void {
  const key = JSON.stringify([auth, headers]);
  if (auth !== null || Object.keys(headers).length > 0) redactors.set(key, redactor(auth, headers));
}

/** `http://name:password@proxy`, as proxies are written; the name goes as well, since some services take a token there. */
const inAddress = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s\/?#@"'<>]+@/gi;

/** The text without the secrets of every connection this process has used, and without sign-ins that stand in an address. */
export function withoutSecrets(text: string): string {
  let clean = text.replace(inAddress, '$1•••@');
  for (const redact of redactors.values()) clean = redact(clean);
  return clean;
}

export type LogFile = { path: string; log: Log; close(): void };

/** Appends to the file at `path`, from the first line on; opening it writes nothing. Several processes may write one log. */
export function openLogFile(path: string): LogFile {
  let file: number | null = null;
  const opened = (): number => {
    if (file !== null) return file;
    makePrivateFolder(dirname(path));
    file = openSync(path, 'a', PRIVATE_FILE);
    makePrivate(path);
    return file;
  };
  const close = () => {
    if (file !== null) closeSync(file);
    file = null;
  };
  return {
    path,
    close,
    log: (level, event, fields = {}) => {
      try {
        if (fstatSync(opened()).size >= MAX_BYTES) {
          close();
          rotate(path);
        }
        const entry = { time: new Date().toISOString(), level, event, pid: process.pid, ...fields };
        writeSync(opened(), `${lineOf(entry)}\n`);
      } catch {
        // a full disk, a folder that is read-only, no file descriptor left: the line on stderr has to do
      }
    },
  };
}

/** The last `count` lines of the log at `path`, without secrets; [] when there is none. Reads 100 kB at most. */
export function lastLines(path: string, count: number): string[] {
  let text: string;
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, MAX_TAIL));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      text = bytes.toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.slice(-count).map(redactedLine);
}

/** A line as it was written, by a process that may not have known every secret of today. */
function redactedLine(line: string): string {
  try {
    return lineOf(JSON.parse(line) as Record<string, unknown>);
  } catch {
    return withoutSecrets(line); // the beginning of it is cut off
  }
}

/** One line of JSON. Each text is redacted before it is quoted, since quoting changes how a secret is spelled. */
function lineOf(entry: Record<string, unknown>): string {
  const line = JSON.stringify(entry, (_, value: unknown) =>
    typeof value === 'string' ? withoutSecrets(value) : value,
  );
  if (line.length <= MAX_LINE) return line;
  const { time, level, event, pid } = entry;
  return JSON.stringify({ time, level, event, pid, cut: line.slice(0, MAX_LINE) });
}

/** taskscope.log → .1 → .2 → gone. */
function rotate(path: string): void {
  rmSync(`${path}.${KEPT}`, { force: true });
  for (let n = KEPT; n >= 1; n--) {
    try {
      renameSync(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`);
    } catch {
      // there is none yet, or another process was faster
    }
  }
}
