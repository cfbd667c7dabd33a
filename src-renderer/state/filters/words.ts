/** The words of a chip as this window would say them now: names it has met, moments in the chosen time zone. */
import { formatMoment, zoneOf } from '../../format.ts';
import { app } from '../window/app.svelte.ts';
import type { Words } from './chips.ts';
import { clock } from '../window/clock.svelte.ts';
import { nameOf } from './names.svelte.ts';

export function windowWords(): Words {
  const zone = zoneOf(app.utc);
  const { now } = clock;
  return { name: (_field, id) => nameOf(id), time: (micros) => formatMoment(micros, zone, now) };
}
