/** An export from the query thread to a file: the whole of a question, in its order, whatever the window has loaded. */
import type { ExportProgress } from '../contract/calls.ts';
import type { Query } from '../contract/query.ts';
import { defaultColumns } from '../export/columns.ts';
import { writeFile } from '../export/file.ts';
import type { Client } from '../contract/define.ts';
import type { queryContract } from './workers/contracts.ts';

export type ExportWhat = { query: Query; columns: string[] | null; spreadsheet: boolean };

/** Throws DISK_FULL, FILE_NOT_WRITABLE, BAD_INPUT (unknown column). Ending it early leaves no file. */
export async function* runExport(
  query: Client<typeof queryContract>,
  what: ExportWhat,
  place: { path: string; download: string | null },
  signal: AbortSignal,
): AsyncGenerator<ExportProgress, void, undefined> {
  const source = query.csv({ ...what, columns: what.columns ?? [...defaultColumns] }, { signal });
  let last = { rows: 0, total: 0, bytes: 0 };
  for await (const written of writeFile(place.path, source)) {
    last = written;
    yield { kind: 'progress', ...written };
  }
  yield { kind: 'done', rows: last.rows, bytes: last.bytes, ...place };
}
