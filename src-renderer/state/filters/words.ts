/** How this window spells the parts of a chip: known names for ids, times in the chosen zone as its time fields write them. */
import { app } from '../window/app.svelte.ts';
import type { Words } from './chips.ts';
import { clock } from '../window/clock.svelte.ts';
import { nameOf } from './names.svelte.ts';
import { taskName } from './task-names.svelte.ts';
import { writeTime } from './time-input.ts';

export function windowWords(): Words {
  const { utc } = app;
  const { now } = clock;
  return {
    name: (field, id) => (field === 'task_key' ? taskName(id) : nameOf(id)),
    time: (micros) => writeTime(micros, utc, now),
  };
}
