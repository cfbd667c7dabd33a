/** The groups of the list as a CSV file, in the order on screen. */
import { formatCount, plural } from '../../format.ts';
import { groupedList } from '../question/groups.svelte.ts';
import { presets } from '../question/presets.svelte.ts';
import { app } from '../window/app.svelte.ts';
import { clock } from '../window/clock.svelte.ts';
import { base64 } from './base64.ts';
import type { CsvChoice } from './csv-choice.ts';
import { exportName } from './export-name.ts';
import { groupsCsv } from './groups-csv.ts';
import { saveContent } from './save-content.ts';

/** Groups of one file: with names of 200 letters they are less than the 3 MB that a window may write. */
export const MOST_SAVED = 10_000;

/** At most MOST_SAVED of them. false: the person chose no place. Throws as `export.write`. */
export async function saveGroups(csv: CsvChoice): Promise<boolean> {
  const [{ workspace }, { shown }] = [app, groupedList];
  if (workspace === null || shown === null) return false;
  const { by, count } = shown;
  const preset = presets.dirty ? null : (presets.active?.name ?? null);
  const suggested = exportName({ workspace, preset, what: 'groups', ending: '.csv' }, clock.read());
  const what = count > MOST_SAVED ? `The first ${formatCount(MOST_SAVED)} groups` : plural(count, 'group');
  return saveContent(suggested, what, async () => {
    const { list } = await groupedList.read(MOST_SAVED, shown, workspace);
    return base64(new TextEncoder().encode(groupsCsv(by, list, csv)));
  });
}
