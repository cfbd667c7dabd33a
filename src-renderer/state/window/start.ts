/** What a new window shows: what its address says, or else where the last window ended. */
import { readPlace, type Place } from '../../../src-main/contract/place.ts';
import type { Settings } from '../../../src-main/contract/settings.ts';

/** `row`: the first on screen; `chosen`: ids of the rows that were. `odd`: the address says what no window can show. */
export type Start = { place: Place; row: number; chosen: readonly string[] };

/** What an entry of the history holds beside its address. `began`: see `Hello.begin_with`. */
export type EntryState = { place: string; row: number; chosen: string[]; began: string | null };

type Hello = { settings: Settings; begin_with: string | null; workspaces: readonly { name: string }[] };

/** null: every run, or the default preset. */
export function startOf({ settings, begin_with: began, workspaces }: Hello): Start | null {
  const entry = history.state as EntryState | null;
  // a case file that was opened from outside since then
  if (began !== null && entry?.began !== began) return null;
  const here = entryPlace(entry, location.hash);
  if (here) return { place: here, row: entry?.row ?? 0, chosen: entry?.chosen ?? [] };
  const { left_at: left, default_presets: presets, workspace } = settings;
  const place = left && began === null ? readPlace(left.place) : null;
  // a case file is open until the program ends, and a workspace may have been removed
  if (!left || !place?.workspace || !workspaces.some(({ name }) => name === place.workspace)) return null;
  // another workspace was chosen in the second before the window ended, or where nothing more could be saved
  if (workspace !== null && place.workspace !== workspace) return null;
  if (presets[place.workspace] !== undefined) return null;
  return { place, row: left.row, chosen: left.chosen };
}

/** The place of an entry of the history; null: none that can be read. `hash`: of its address. */
export function entryPlace(entry: EntryState | null, hash: string): Place | null {
  return readPlace(entry?.place ?? hash.slice(1));
}
