/**
 * The versions of Prefect that the tests have proven, for README's list (test/unit/proven-versions.test.ts compares the two). The newest one
 * that can be installed is tested as well: once it has passed, its number belongs in `compared`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The version that the local API's answers are made after, and the oldest one that is installed for the tests. */
export const PINNED = '3.8.8';

/** Every answer of the local API is compared with a real server's, on SQLite and on PostgreSQL; newest first. */
export const compared: readonly string[] = ['3.9.1', PINNED];

/** Whole syncs run over replies that real servers of these versions gave; newest first. */
export const recorded: readonly string[] = readdirSync(join(import.meta.dirname, '../fixtures/prefect/recorded'))
  .map((file) => file.replace(/\.json$/, ''))
  .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));

/** The lines of README between its two marks. */
export const provenLines = (): string[] => [
  `- ${compared.join(', ')}: every answer compared with a real server's, on SQLite and on PostgreSQL`,
  `- ${recorded.join(', ')}: syncs of what real servers answered`,
];
