/** Sends the story's live part as events: every second, the runs that were created, started or ended in it. */
import type { Database } from './database.ts';
import { stateEvent, type EventStream } from './events.ts';

/** ms. One look compares three times of each row: 3 ms at a million rows. */
const EVERY = 1000;

/** Looks only while there are subscribers. The returned function stops it. `now`: µs. */
export function broadcast(database: Database, stream: EventStream, now: () => number): () => void {
  let timer: NodeJS.Timeout | null = null;
  let last = 0;
  const look = () => {
    const at = now();
    const { story } = database;
    story.advance(at);
    const isNew = (micros: number) => micros > last && micros <= at;
    for (const entity of ['flow_run', 'task_run'] as const) {
      const rows = entity === 'task_run' ? story.tasks : story.runs;
      const { created, start, end } = rows.at;
      const table = database[entity];
      for (let key = 0; key < rows.length; key++) {
        if (!isNew(created[key]) && !isNew(start[key]) && !isNew(end[key])) continue;
        if (!table.exists(key, at)) continue;
        const event = stateEvent(entity, table.json(key, at));
        if (event) stream.emit(event);
      }
    }
    last = at;
  };
  const stop = () => {
    if (timer) clearInterval(timer);
    timer = null;
  };
  stream.onSubscribers = (some) => {
    if (!some) return stop();
    if (timer) return;
    last = now();
    timer = setInterval(look, EVERY);
    timer.unref();
  };
  return stop;
}
