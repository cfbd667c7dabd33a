/** Which database answers: its null order, collation and `like_` rules differ. */
import type { Dialect } from '../contract/query.ts';
import type { Source } from './source.ts';

/** Rows among which a name that begins with a letter is looked for. */
const SOME = 10;

/**
 * Asks for a run by its own name with a backslash before it: PostgreSQL takes the backslash as an escape and finds the run, SQLite takes it
 * literally and does not. One run of any kind is enough.
 * null: the server has no run yet, or the run was deleted while it was asked for.
 */
export async function probeDialect(source: Source): Promise<Dialect | null> {
  for (const entity of ['task_run', 'flow_run', 'flow'] as const) {
    const sort = entity === 'flow' ? 'NAME_ASC' : 'ID_DESC';
    const { rows } = await source.page(entity, sort, {}, 0, {}, { atMost: SOME });
    const row = rows.find(({ value }) => typeof value['name'] === 'string' && /^[A-Za-z]/.test(value['name']));
    if (!row) continue;
    const { id, name } = row.value as { id: string; name?: unknown };
    const found = async (like: string) =>
      (await source.page(entity, sort, { id: { any_: [id] }, name: { like_: like } })).rows.length > 0;
    if (await found(`\\${String(name)}`)) return 'postgres';
    if (await found(String(name))) return 'sqlite';
    return null;
  }
  return null;
}
