/** Saved filters: a person's own, kept in one file, and those that come with the app. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { failureStateTypes } from '../../contract/fields.ts';
import { leftBehind } from '../../contract/left-behind.ts';
import { presetSchema, type Preset } from '../../contract/preset.ts';
import type { Condition, SortKey } from '../../contract/query.ts';
import { openJsonFile, type JsonFile } from './json-file.ts';

const DAY = 86_400_000_000; // µs

const failureColumns = ['name', 'state_name', 'failure', 'start_time', 'duration', 'flow_run.name'];
const failed: Condition = { field: 'state_type', in: [...failureStateTypes] };
const expectedWithin = (micros: number): Condition => ({ field: 'expected_start_time', from: { ago: micros } });
const newest: SortKey = { field: 'expected_start_time', dir: 'desc' };

function builtin(
  id: `builtin-${string}`,
  name: string,
  and: Condition[],
  sort: SortKey,
  columns: string[] | null = null,
): Preset {
  return {
    id,
    name,
    folder: '',
    query: { where: { and }, sort: [sort] },
    columns,
    frozen: 0,
    names: {},
    builtin: true,
  };
}

export const builtinPresets: readonly Preset[] = [
  builtin('builtin-failed-today', 'Failed, last 24 h', [failed, expectedWithin(DAY)], newest, failureColumns),
  // the failure is new, not only the run: no run that is kept had it before
  builtin(
    'builtin-new-failures',
    'New failures, last 24 h',
    [{ field: 'failure_since', from: { ago: DAY } }],
    newest,
    failureColumns,
  ),
  builtin(
    'builtin-over-p95',
    'Longer than their p95, last 24 h',
    [{ field: 'over_p95', in: [true] }, expectedWithin(DAY)],
    { field: 'total_run_time', dir: 'desc' },
  ),
  builtin(
    'builtin-not-seen',
    'Failed, not seen yet',
    [failed, expectedWithin(7 * DAY), { field: 'seen', in: [false] }],
    newest,
    failureColumns,
  ),
  builtin('builtin-bookmarked', 'Bookmarked', [{ field: 'bookmarked', in: [true] }], newest),
  builtin(
    'builtin-crashed',
    'Crashed this week',
    [{ field: 'state_type', in: ['CRASHED'] }, expectedWithin(7 * DAY)],
    newest,
    failureColumns,
  ),
  builtin('builtin-running', 'Running now', [{ field: 'state_type', in: ['RUNNING'] }], {
    field: 'start_time',
    dir: 'asc',
  }),
  builtin('builtin-late', 'Late', [{ field: 'left_behind', in: [leftBehind.late] }], {
    field: 'expected_start_time',
    dir: 'asc',
  }),
  builtin('builtin-left-behind', 'Left behind', [{ field: 'left_behind', isNull: false }], newest),
  builtin('builtin-retried', 'Retried', [{ field: 'run_count', from: 2 }], newest),
  builtin('builtin-gone', 'Gone from the server', [{ field: 'gone', isNull: false }], { field: 'gone', dir: 'desc' }),
  builtin('builtin-slowest', 'Slowest this week', [expectedWithin(7 * DAY)], { field: 'total_run_time', dir: 'desc' }),
];

export class Presets {
  readonly #file: JsonFile<Preset[]>;

  private constructor(file: JsonFile<Preset[]>) {
    this.#file = file;
  }

  /** `readOnly`: why nothing may be saved; null: it may. */
  static async open(path: string, readOnly: AppError | null): Promise<Presets> {
    return new Presets(await openJsonFile(path, z.array(presetSchema), [], { holds: 'presets', readOnly }));
  }

  /** FILE_SET_ASIDE when the file could not be understood, else null */
  get setAside(): AppError | null {
    return this.#file.setAside;
  }

  list(): Preset[] {
    return [...builtinPresets, ...this.#file.get()];
  }

  async save(preset: Omit<Preset, 'id' | 'builtin'>): Promise<Preset> {
    this.#refuseTaken(preset.name, null);
    const saved: Preset = { ...preset, id: randomUUID(), builtin: false };
    await this.#file.change((all) => [...all, saved]);
    return saved;
  }

  async update(preset: Omit<Preset, 'builtin'>): Promise<Preset> {
    this.#own(preset.id);
    this.#refuseTaken(preset.name, preset.id);
    const saved: Preset = { ...preset, builtin: false };
    await this.#file.change((all) => all.map((one) => (one.id === saved.id ? saved : one)));
    return saved;
  }

  async remove(id: string): Promise<void> {
    this.#own(id);
    await this.#file.change((all) => all.filter((one) => one.id !== id));
  }

  #own(id: string): void {
    if (builtinPresets.some((one) => one.id === id))
      throw new AppError('BAD_INPUT', 'a preset that comes with the app cannot be changed', { preset: id });
    if (!this.#file.get().some((one) => one.id === id))
      throw new AppError('NOT_FOUND', `no preset ${id}`, { preset: id });
  }

  #refuseTaken(name: string, besides: string | null): void {
    const taken = this.list().some((one) => one.id !== besides && one.name.toLowerCase() === name.toLowerCase());
    if (taken) throw new AppError('BAD_INPUT', `there is already a preset named ${name}`, { preset: name });
  }
}
