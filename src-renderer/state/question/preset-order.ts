/** Presets in the panel's order, and what on screen differs from one. */
import type { ListGrouping, Query } from '../../../src-main/contract/query.ts';
import type { Preset } from '../../../src-main/contract/preset.ts';
import { sameCondition } from '../filters/conditions.ts';
import { sameSort } from './sorts.ts';

/** Pinned ones on top, as they were pinned; then those in no folder, and the folders by name: in each as they were saved. */
export function inOrder(list: readonly Preset[], pinned: readonly string[]): Preset[] {
  const top = pinned.flatMap((id) => list.find((one) => one.id === id) ?? []);
  const rest = list.filter((one) => !top.includes(one));
  return [...top, ...rest.sort((a, b) => a.folder.localeCompare(b.folder, 'en'))];
}

/** `columns`, `group`: those on screen. They are not compared for a preset that leaves them as they are. */
export function differs(
  preset: Preset,
  query: Query,
  columns: { fields: readonly string[]; frozen: number },
  group: ListGrouping | null = null,
): boolean {
  return !(
    sameCondition(preset.query.where, query.where) &&
    sameSort(preset.query.sort, query.sort) &&
    (preset.columns === null ||
      (preset.columns.join() === columns.fields.join() && preset.frozen === columns.frozen)) &&
    (preset.group === undefined || sameGrouping(preset.group, group))
  );
}

export function sameGrouping(a: ListGrouping | null | undefined, b: ListGrouping | null | undefined): boolean {
  if (!a || !b) return a === b;
  return a.field === b.field && a.time === b.time && a.sort.by === b.sort.by && a.sort.dir === b.sort.dir;
}
