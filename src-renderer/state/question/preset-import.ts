/** What importing presets would do: which are here already, and what a person can choose for those whose name is taken. */
import type { Preset, SavedPreset } from '../../../src-main/contract/preset.ts';
import { sameCondition } from '../filters/conditions.ts';
import { sameGrouping } from './preset-order.ts';
import { sameSort } from './sorts.ts';

/** `both`: under a free name beside the one here; `replace`: in the place of the one here. */
export type ImportHow = 'add' | 'both' | 'replace' | 'skip';

export type ImportItem = {
  preset: SavedPreset;
  /** of the same name, or as it is here already; null: none */
  here: Preset | null;
  /** nothing would change */
  same: boolean;
  /** what can be chosen; the first is what is proposed */
  hows: readonly ImportHow[];
};

export function importPlan(incoming: readonly SavedPreset[], here: readonly Preset[]): ImportItem[] {
  return incoming.map((preset) => {
    const named = here.find(({ name }) => name.toLowerCase() === preset.name.toLowerCase()) ?? null;
    if (!named) return { preset, here: null, same: false, hows: ['add', 'skip'] };
    if (isSame(named, preset)) return { preset, here: named, same: true, hows: ['skip'] };
    // one that comes with the app stays
    return { preset, here: named, same: false, hows: named.builtin ? ['both', 'skip'] : ['both', 'replace', 'skip'] };
  });
}

function isSame(a: SavedPreset, b: SavedPreset): boolean {
  return (
    a.folder === b.folder &&
    sameCondition(a.query.where, b.query.where) &&
    sameSort(a.query.sort, b.query.sort) &&
    (a.columns === null ? b.columns === null : a.columns.join() === b.columns?.join() && a.frozen === b.frozen) &&
    sameGrouping(a.group, b.group)
  );
}

/** The name, or the name with the first number that makes it free. At most 80 characters. */
export function freeName(name: string, taken: readonly string[]): string {
  const used = new Set(taken.map((one) => one.toLowerCase()));
  if (!used.has(name.toLowerCase())) return name;
  for (let n = 2; ; n += 1) {
    const tried = `${name.slice(0, 80 - 1 - String(n).length)} ${n}`;
    if (!used.has(tried.toLowerCase())) return tried;
  }
}
