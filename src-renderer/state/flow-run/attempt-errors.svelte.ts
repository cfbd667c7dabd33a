/* eslint-disable svelte/prefer-svelte-reactivity -- the map is replaced as a whole at each change */
/** What the attempts of single runs failed with, read of what is kept when a row is looked at: of 50,000 runs few are. */
import { pause } from '../../../src-main/contract/time.ts';
import { attemptErrors, errorLines } from '../../ui/charts/attempt-errors.ts';
import { api } from '../window/app.svelte.ts';
import type { TaskRun } from './model.ts';

/** ms that a row is looked at before it is read: the pointer passes over many. */
const REST_MS = 120;
const MOST_KNOWN = 100;

/** A run that goes on has more states later. */
const keyOf = ({ id, states }: TaskRun) => `${id} ${states.length}`;

export class AttemptErrors {
  private known = $state.raw<ReadonlyMap<string, string[]>>(new Map());
  private readonly workspace: string;

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  /** []: none is known */
  of(run: TaskRun): readonly string[] {
    return this.known.get(keyOf(run)) ?? [];
  }

  /** Without kept states nothing is read, nor of a run that had one attempt: its state says it. */
  async look(run: TaskRun, signal: AbortSignal): Promise<void> {
    if (run.states.length === 0 || run.run_count < 2 || this.known.has(keyOf(run))) return;
    await pause(REST_MS, signal);
    if (signal.aborted) return;
    const { workspace } = this;
    const found = await api['run.activity']({ workspace, id: run.id, only_kept: true }, { signal }).catch(() => null);
    if (!found) return;
    const { history, logs } = found;
    const errors = attemptErrors(history, logs);
    this.known = new Map([...[...this.known].slice(1 - MOST_KNOWN), [keyOf(run), errorLines(errors)]]);
  }
}
