/** Reads the artifacts that task runs have published. */
import { AppError } from '../contract/errors.ts';
import { memberSpans } from '../contract/json-text.ts';
import type { Artifact } from '../contract/run.ts';
import { parseTime } from '../contract/time.ts';
import type { AskOptions, PrefectClient } from './client.ts';
import { artifactRowSchema } from './wire.ts';

/** Most characters of JSON text kept of one artifact, and of all artifacts of a run: the window gets them in one message. */
const MOST_DATA = 1_000_000;
const MOST_OF_RUN = 16_000_000;
/** Most artifacts kept of a run. */
const MOST_ARTIFACTS = 10_000;
/** Rows in a page: a single artifact may have megabytes. */
const PAGE = 50;

/** By run id, in order of creation. Empty lists where the server has no artifacts, or does not let this key read them. */
export async function readArtifacts(
  client: PrefectClient,
  ids: readonly string[],
  limit: number,
  options: AskOptions,
): Promise<Map<string, Artifact[]>> {
  const found = new Map(ids.map((id) => [id, new Map<string, Artifact>()]));
  const sizes = new Map<string, number>();
  const most = Math.min(PAGE, limit);
  const seen = new Set<string>();
  try {
    // by id, the only order without ties; artifacts published meanwhile move rows to later pages, so none is skipped
    for (let offset = 0; offset < MOST_ARTIFACTS * ids.length; offset += most) {
      const body = { artifacts: { task_run_id: { any_: ids } }, sort: 'ID_DESC', limit: most, offset };
      const page = await client.list(artifactRowSchema, { method: 'POST', path: '/artifacts/filter', body }, options);
      const before = seen.size;
      for (const { json, value } of page) {
        const run = value.task_run_id ?? '';
        const own = found.get(run);
        if (!own || seen.has(value.id) || own.size >= MOST_ARTIFACTS) continue;
        seen.add(value.id);
        const size = sizes.get(run) ?? 0;
        const artifact = pack(json, value, Math.min(MOST_DATA, MOST_OF_RUN - size));
        sizes.set(run, size + artifact.data.length);
        own.set(value.id, artifact);
      }
      // a server that ignores offsets gives the same page for ever
      if (page.length < most || seen.size === before) break;
    }
  } catch (thrown) {
    const absent = thrown instanceof AppError && ['SERVER_NOT_PREFECT', 'SERVER_FORBIDDEN'].includes(thrown.code);
    if (!absent) throw thrown;
  }
  return new Map([...found].map(([id, all]) => [id, [...all.values()].sort(byCreation)]));
}

function pack(json: string, value: ReturnType<typeof artifactRowSchema.parse>, room: number): Artifact {
  const span = memberSpans(json).get('data');
  const data = span ? json.slice(...span) : 'null';
  return {
    id: value.id,
    key: value.key ?? null,
    type: value.type ?? null,
    description: value.description ?? null,
    data: data.slice(0, room),
    truncated: data.length > room,
    created: value.created ? parseTime(value.created) : null,
    updated: value.updated ? parseTime(value.updated) : null,
  };
}

export function byCreation(a: Artifact, b: Artifact): number {
  return (a.created ?? 0) - (b.created ?? 0) || (a.id < b.id ? -1 : 1);
}
