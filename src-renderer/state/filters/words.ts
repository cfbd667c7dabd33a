/** How this window spells the parts of a chip: known names for ids, times in the chosen zone. */
import { formatMoment, zoneOf } from '../../format.ts';
import { app } from '../window/app.svelte.ts';
import type { Words } from './chips.ts';
import { clock } from '../window/clock.svelte.ts';
import { nameOf } from './names.svelte.ts';
import { taskName } from './task-names.svelte.ts';

export function windowWords(): Words {
  const zone = zoneOf(app.utc);
  const { now } = clock;
  return {
    name: (field, id) => (field === 'task_key' ? taskName(id) : nameOf(id)),
    time: (micros) => formatMoment(micros, zone, now),
  };
}
