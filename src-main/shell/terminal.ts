/** Writes results to stdout, words and progress to stderr, and makes exit codes of errors. */
import { errorWords } from '../contract/error-words.ts';
import { AppError, toAppError, type WireError, isNoRoom } from '../contract/errors.ts';
import type { Log } from '../core/shell.ts';

/** Exit codes of every command. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** Thrown for wrong options and arguments: `main` prints the message and exits with 2. */
export class UsageError extends Error {}

/** What moves a terminal's cursor, changes its title or hides lines: names and messages of a server may hold it. */
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

export function say(text: string): void {
  process.stderr.write(`${text.replace(controls, '�')}\n`);
}

/**
 * Writes a line to stdout. Settles when the pipe has taken it, so that a large reply is whole before the process ends. Throws DISK_FULL when
 * stdout is a file on a full disk.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(refused(error)) : resolve()));
  });
}

function refused(thrown: NodeJS.ErrnoException): Error {
  if (!isNoRoom(thrown.code)) return thrown;
  return new AppError('DISK_FULL', 'what was printed could not be written', { path: 'what is printed' }, thrown);
}

/** A progress line. A terminal shows each change in place; a file gets only the last one. */
export class Progress {
  #last = '';
  readonly #terminal = process.stderr.isTTY;

  show(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (this.#terminal) process.stderr.write(`\r\x1b[2K${text}`);
  }

  end(): void {
    if (this.#last === '') return;
    process.stderr.write(this.#terminal ? '\n' : `${this.#last}\n`);
    this.#last = '';
  }
}

export function sayError(error: WireError): void {
  const { title, advice } = errorWords(error);
  say(`taskscope: ${title}.\n  ${advice}`);
}

/** Prints the error in words; returns the exit code. */
export function failed(thrown: unknown): number {
  const error = toAppError(thrown);
  sayError(error);
  if (error.code === 'INTERNAL' && process.env.TASKSCOPE_DEBUG) say(String(error.stack));
  return FAILED;
}

/** Prints warnings and errors to stderr, with TASKSCOPE_DEBUG every event. The core also writes each event to its log file. */
export const log: Log = (level, event, fields = {}) => {
  if (level === 'info' && !process.env.TASKSCOPE_DEBUG) return;
  say(`${new Date().toISOString()} ${level} ${event} ${JSON.stringify(fields)}`);
};

/** A signal that aborts at the first Ctrl+C, SIGTERM or SIGHUP, so that files are closed in order. A second Ctrl+C ends at once. */
export function untilStopped(): AbortSignal {
  const abort = new AbortController();
  let asked = 0;
  const stop = (signal: NodeJS.Signals) => {
    // a terminal and a parent process may both deliver one Ctrl+C: within 1 s it counts once
    if (signal === 'SIGINT' && abort.signal.aborted && Date.now() - asked > 1000) process.exit(130);
    asked = Date.now();
    abort.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return abort.signal;
}
