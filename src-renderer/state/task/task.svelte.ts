/** One task over time: read when its view opens, and again while runs arrive. */
import { toAppError, type AppError } from '../../../src-main/contract/errors.ts';
import type { Task } from '../../../src-main/contract/task.ts';
import { pause } from '../../../src-main/contract/time.ts';
import { openById } from '../question/neighbours.ts';
import { api } from '../window/app.svelte.ts';
import { notes } from '../window/notes.svelte.ts';

/** ms between two answers: a first sync brings runs all the time */
const PAUSE = 3000;

export class TaskOverTime {
  task = $state.raw<Task | null>(null);
  problem = $state.raw<AppError | null>(null);

  /** Reads until the signal ends it. `zone`: that of the days; null: UTC. */
  async follow(workspace: string, key: string, zone: string | null, signal: AbortSignal): Promise<void> {
    const failed = (thrown: unknown) => {
      const problem = toAppError(thrown);
      if (!signal.aborted && problem.code !== 'DISCONNECTED') this.problem = problem;
    };
    try {
      for await (const _ of api['query.watch']({ workspace }, { signal })) {
        void _;
        // a reading that failed must not end the watch: it goes on, and tells at once, when the archive is opened again after a thread died
        try {
          this.task = await api['task.get']({ workspace, key, time_zone: zone }, { signal });
          this.problem = null;
        } catch (thrown) {
          failed(thrown);
        }
        await pause(PAUSE, signal);
      }
    } catch (thrown) {
      failed(thrown);
    }
  }
}

/** Opens the run that a dot stands for: of this task, begun in this microsecond. */
export async function openDot(workspace: string, key: string, start: number): Promise<void> {
  const where = {
    and: [
      { field: 'task_key', in: [key] },
      { field: 'start_time', from: start, to: start },
    ],
  };
  await notes.attempt(async () => {
    const query = { where, sort: [] };
    const { rows } = await api['query.ask']({
      workspace,
      query,
      rows: { from: 0, to: 1 },
      facets: [],
      histogram: null,
    });
    if (rows[0]) await openById(rows[0].id);
  });
}
