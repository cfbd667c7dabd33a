/**
 * A preset in another workspace: the same flow has another id there. A preset is saved with the names of the ids in it, and an id that an
 * archive does not have stands for those of its name there.
 */
import { idsIn, replaceIds, type NamedId } from './condition-ids.ts';
import type { Preset } from './preset.ts';
import { TRUE, type FacetRequest, type Query } from './query.ts';

/** What one archive says of ids and names. `field` holds such ids. */
export type Lookup = {
  has(field: string, id: string): Promise<boolean>;
  /** ids whose name is exactly this */
  idsOf(field: string, name: string): Promise<readonly string[]>;
};

/** Values that contain a name, of which those that are the name are taken. */
const SAME_NAME = 200;

type Calls = {
  'query.counts'(input: { workspace: string; queries: Query[] }): Promise<number[]>;
  'query.ask'(input: {
    workspace: string;
    query: Query;
    rows: { from: number; to: number };
    facets: FacetRequest[];
    histogram: null;
  }): Promise<{ facets: { values: { value: string | null; label: string }[] }[] }>;
};

/** Asks the archive of a workspace by the window's own calls. */
export function lookupIn(workspace: string, calls: Calls): Lookup {
  return {
    has: async (field, id) => {
      const [count = 0] = await calls['query.counts']({
        workspace,
        queries: [{ where: { field, in: [id] }, sort: [] }],
      });
      return count > 0;
    },
    idsOf: async (field, name) => {
      const facets = [{ field, limit: SAME_NAME, search: name }];
      const query = { where: TRUE, sort: [] };
      const answer = await calls['query.ask']({ workspace, query, rows: { from: 0, to: 0 }, facets, histogram: null });
      const values = answer.facets.flatMap((facet) => facet.values);
      return values.flatMap(({ value, label }) => (value !== null && label === name ? [value] : []));
    },
  };
}

/** `absent`: what the archive has neither by its id nor by its name */
export type LocalPreset = { query: Query; absent: NamedId[] };

/** Names to keep with a question, by id; those of ids that have none in `nameOf` (null) are left out. */
export function namesIn({ where }: Query, nameOf: (id: string) => string | null): Record<string, string> {
  return Object.fromEntries(
    idsIn(where).flatMap(({ id }) => {
      const name = nameOf(id);
      return name === null ? [] : [[id, name]];
    }),
  );
}

/** null: the preset names nothing that could be called otherwise here. */
export async function localPreset({ query, names }: Preset, archive: Lookup): Promise<LocalPreset | null> {
  const named = idsIn(query.where).filter(({ id }) => names[id] !== undefined);
  if (named.length === 0) return null;
  const others = new Map<string, readonly string[]>();
  const absent: NamedId[] = [];
  for (const { field, id } of named) {
    if (await archive.has(field, id)) continue;
    const ids = await archive.idsOf(field, names[id] ?? id);
    if (ids.length > 0) others.set(`${field} ${id}`, ids);
    else absent.push({ field, id });
  }
  const where = replaceIds(query.where, (field, id) => others.get(`${field} ${id}`) ?? [id]);
  return { query: { ...query, where }, absent };
}
