/** Saves the log of a run as a text file: an export like any other. */
import { exportOptionsSchema, fileEndings } from '../../../src-main/contract/export.ts';
import type { LogFilter } from '../../../src-main/contract/log-filter.ts';
import { app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { notes } from '../window/notes.svelte.ts';
import { exportName } from './export-name.ts';
import { exportJobs } from './exports.svelte.ts';

/** `shown`: only the lines that this filter shows; null: all that are kept. */
export async function saveLog(run: string, name: string, shown: LogFilter | null): Promise<void> {
  const { workspace } = app;
  if (workspace === null) return;
  const time_zone = app.utc ? null : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const options = exportOptionsSchema.parse({ what: 'logs', format: 'text', time_zone, lines: shown });
  const named = { workspace: name, preset: null, what: 'logs' as const, ending: fileEndings.text };
  const suggested = exportName(named, clock.read());
  const query = { where: { field: 'id', in: [run] }, sort: [] };
  await notes.attempt(async () => {
    await exportJobs.start({ workspace, query, result: null, options, suggested });
  });
}
