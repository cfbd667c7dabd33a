/**
 * What a person sends when they report a fault: versions, paths, workspaces, sizes, state of sync and the end of the log. Made once, for
 * the window and for `taskscope doctor`. No secret is in it, so that it can be pasted into a public page.
 */
import type { WireError } from '../contract/errors.ts';
import type { Settings } from '../contract/settings.ts';
import type { SyncStatus } from '../contract/sync.ts';
import { archiveFiles } from '../store/file/files.ts';
import type { Archives } from './archive/archives.ts';
import { storedSync } from './archive/integrity.ts';
import type { JsonFile } from './files/json-file.ts';
import { keepOutOfLogs, lastLines, withoutSecrets } from './files/log-file.ts';
import { pathsIn, type Paths } from './files/paths.ts';
import { VERSION } from './version.ts';
import type { Entry, Workspaces } from './workspaces/workspaces.ts';

/** Lines of the log's end. */
const LINES = 40;

/** What is known without opening the data folder. */
export function basicFacts(dataDir: string) {
  const { electron } = process.versions;
  return {
    taskscope: VERSION,
    node: process.version,
    ...(electron ? { electron } : {}),
    system: `${process.platform} ${process.arch}`,
    data_dir: dataDir,
    log: pathsIn(dataDir).log,
  };
}

/** What it is made of; `App` has it. */
type Asked = {
  readonly paths: Paths;
  readonly workspaces: Workspaces;
  readonly archives: Archives;
  readonly settings: JsonFile<Settings>;
  readonly readOnly: WireError | null;
  readonly notices: readonly WireError[];
};

/** `readArchives`: the state of sync is read from archives that are not open. It costs a look into each file, in this thread. */
export async function diagnose(app: Asked, readArchives: boolean) {
  const { paths, workspaces, archives, settings } = app;
  // secrets that this process has not used yet may stand in lines of an earlier one, or in an address
  for (const entry of workspaces.list()) await redactSecretsOf(app, entry);
  const facts = {
    ...basicFacts(paths.dataDir),
    secrets: workspaces.secretsKind,
    read_only: app.readOnly?.message ?? null,
    notices: app.notices.map(({ code, message }) => `${code}: ${message}`),
    sync_every: settings.get().sync_every,
    workspaces: await Promise.all(
      workspaces.list().map(async (entry) => {
        const path = paths.archive(entry.file);
        const open = await archives.openNow(entry.name);
        const status = open?.sync.get() ?? (readArchives ? storedSync(path) : null);
        return {
          ...connectionFacts(entry),
          open: open !== null,
          archive: archiveFiles(path).map((file) => `${file.path}, ${file.bytes} bytes`),
          sync: status && syncFacts(status),
        };
      }),
    ),
    log_end: lastLines(paths.log, LINES),
  };
  return deeply(facts, withoutSecrets) as typeof facts;
}

/** A secret that is not kept on this machine cannot be shown by it. */
async function redactSecretsOf({ workspaces }: Asked, entry: Entry): Promise<void> {
  const headers = await workspaces.headers(entry.name).catch(() => ({}));
  keepOutOfLogs(null, headers);
  const connection = await workspaces.connection(entry).catch(() => null);
  if (connection) keepOutOfLogs(connection.auth, connection.headers ?? {});
}

function connectionFacts(entry: Entry) {
  const { name, kind, api_url, auth, headers, insecure_tls, ca_file, dialect, dialect_source } = entry;
  const { retention, fetch_rule, paused, sync_every, metered } = entry;
  const sign_in =
    auth.kind === 'none'
      ? 'none'
      : `${auth.scheme}, ${auth.kind === 'env' ? `from the environment variable ${auth.variable}` : 'kept'}`;
  const pace = { paused, sync_every, metered };
  return { name, kind, api_url, sign_in, headers, insecure_tls, ca_file, dialect, dialect_source, retention, fetch_rule, ...pace }; // prettier-ignore
}

/** Of a status that an earlier version may have stored. */
function syncFacts(status: Partial<SyncStatus>) {
  const time = (micros: number | null | undefined) =>
    typeof micros === 'number' && Math.abs(micros) < 8.64e18 ? new Date(micros / 1000).toISOString() : null;
  const { phase, step, live, problem, skipped, received, task_runs, changed, resumable } = status;
  return {
    ...{ phase, step, live, received, task_runs, changed, resumable },
    last_success: time(status.last_success),
    checked: time(status.checked),
    complete_since: time(status.complete_since),
    verified_since: time(status.verified_since),
    problem: problem ? `${problem.code}: ${problem.message}` : null,
    skipped: skipped?.count ?? 0,
  };
}

/** As lines to read: `name: value`, what belongs to a name indented below it. */
export function diagnosticsText(facts: object, indent = ''): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(facts) as [string, unknown][]) {
    const key = Array.isArray(facts) ? `${indent}-` : `${indent}${name.replaceAll('_', ' ')}:`;
    if (value === null || value === undefined) lines.push(`${key} none`);
    else if (typeof value !== 'object')
      lines.push(`${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    else if (Object.keys(value).length === 0) lines.push(`${key} none`);
    else lines.push(key, diagnosticsText(value, `${indent}  `));
  }
  return lines.join('\n');
}

/** The value with every text in it changed. */
function deeply(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => deeply(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deeply(inner, change)]));
}
