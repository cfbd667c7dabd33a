/** The view on screen, or a run of it, in the words of other programs. */
import type { Condition, Dialect, Query } from '../../contract/query.ts';
import { formatTime } from '../../contract/time.ts';
import { toPrefectRequest } from '../../query/language/to-prefect.ts';
import { sayable, sayableSort, toSql } from '../../query/language/to-sql.ts';
import type { Archives } from '../archive/archives.ts';
import type { Paths } from '../files/paths.ts';
import type { Entry, Workspaces } from '../workspaces/workspaces.ts';
import {
  bodyOf,
  curlOfQuery,
  curlOfRun,
  inOneLine,
  pythonOfQuery,
  pythonOfRun,
  unknownToPython,
  type Target,
} from './requests.ts';

type Core = { workspaces: Workspaces; archives: Archives; paths: Paths };
export type Written = { text: string; lost: Condition[]; order_lost: boolean };
type Question = { workspace: string; query: Query; columns: readonly string[]; as: 'curl' | 'python' | 'body' | 'sql' };

/** `now` in µs. Throws NOT_FOUND for an unknown workspace. */
export async function writeView(
  core: Core,
  { workspace, query, columns, as }: Question,
  now: number,
): Promise<Written> {
  const entry = core.workspaces.get(workspace);
  if (as === 'sql') {
    const text = sqlText(query, columns, entry.dialect, now, core.paths.archive(entry.file));
    // SQLite has no collation of PostgreSQL's
    const order_lost =
      sayableSort(query.sort).length < query.sort.length ||
      (entry.dialect === 'postgres' && query.sort.some(({ field }) => /name$|_key$|failure$/.test(field)));
    return { text, lost: sayable(query.where).lost, order_lost };
  }
  const request = toPrefectRequest(query, now, as === 'python' ? unknownToPython : []);
  const { lost, orderLost: order_lost } = request;
  if (as === 'body') return { text: bodyOf(request), lost, order_lost };
  const target = await targetOf(core, entry);
  const text = as === 'curl' ? curlOfQuery(request, target) : pythonOfQuery(request, target);
  return { text, lost, order_lost };
}

export async function writeRun(core: Core, workspace: string, id: string, as: 'curl' | 'python'): Promise<string> {
  const target = await targetOf(core, core.workspaces.get(workspace));
  return as === 'curl' ? curlOfRun(id, target) : pythonOfRun(id, target);
}

function sqlText(query: Query, columns: readonly string[], dialect: Dialect, now: number, path: string): string {
  const parts = ('and' in query.where ? query.where.and : [query.where]).map(inOneLine);
  const comment = `Taskscope: ${parts.length === 0 ? 'every run' : parts.join(' ')}
   at ${formatTime(now)}; sqlite3 -readonly '${path.replaceAll("'", "'\\''")}'`;
  // not two dashes: as an argument of sqlite3 the text would be taken for an option
  return `/* ${comment.replaceAll('*/', '* /')} */\n${toSql(query, columns, dialect, now)}`;
}

/** The demo's server has another port at every start. */
async function targetOf({ archives }: Core, entry: Entry): Promise<Target> {
  const { auth, headers, insecure_tls, ca_file } = entry;
  const api_url = entry.demo ? (await archives.connection(entry.name)).api_url : entry.api_url;
  return { api_url, auth: auth.kind === 'none' ? 'none' : auth.scheme, headers, insecure_tls, ca_file };
}
