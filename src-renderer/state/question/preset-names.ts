/**
 * A preset in another workspace: the same flow has another id there. A preset is saved with the names of the ids in it, and an id that an
 * archive does not have stands for those of its name there.
 */
import type { Preset } from '../../../src-main/contract/preset.ts';
import type { Query } from '../../../src-main/contract/query.ts';
import { idsIn, replaceIds, type NamedId } from '../filters/condition-ids.ts';

/** What one archive says of ids and names. `field` holds such ids. */
export type Lookup = {
  has(field: string, id: string): Promise<boolean>;
  /** ids whose name is exactly this */
  idsOf(field: string, name: string): Promise<readonly string[]>;
};

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
