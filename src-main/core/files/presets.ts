/** Saved filters: a person's own, kept in one file, and those that come with the app. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { failureStateTypes } from '../../contract/fields.ts';
import { leftBehind } from '../../contract/left-behind.ts';
import { presetSchema, type Preset } from '../../contract/preset.ts';
import { openJsonFile, type JsonFile } from './json-file.ts';

const DAY = 86_400_000_000; // µs

export const builtinPresets: readonly Preset[] = [
  {
    id: 'builtin-failed-today',
    name: 'Failed, last 24 h',
    folder: '',
    query: {
      where: {
        and: [
          { field: 'state_type', in: [...failureStateTypes] },
          { field: 'expected_start_time', from: { ago: DAY } },
        ],
      },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: ['name', 'state_name', 'failure', 'start_time', 'duration', 'flow_run.name'],
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-new-failures',
    name: 'New failures, last 24 h',
    folder: '',
    query: {
      // the failure is new, not only the run: no run that is kept had it before
      where: { and: [{ field: 'failure_since', from: { ago: DAY } }] },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: ['name', 'state_name', 'failure', 'start_time', 'duration', 'flow_run.name'],
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-not-seen',
    name: 'Failed, not seen yet',
    folder: '',
    query: {
      where: {
        and: [
          { field: 'state_type', in: [...failureStateTypes] },
          { field: 'expected_start_time', from: { ago: 7 * DAY } },
          { field: 'seen', in: [false] },
        ],
      },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: ['name', 'state_name', 'failure', 'start_time', 'duration', 'flow_run.name'],
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-over-p95',
    name: 'Longer than their p95, last 24 h',
    folder: '',
    query: {
      where: {
        and: [
          { field: 'over_p95', in: [true] },
          { field: 'expected_start_time', from: { ago: DAY } },
        ],
      },
      sort: [{ field: 'total_run_time', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-bookmarked',
    name: 'Bookmarked',
    folder: '',
    query: {
      where: { and: [{ field: 'bookmarked', in: [true] }] },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-crashed',
    name: 'Crashed this week',
    folder: '',
    query: {
      where: {
        and: [
          { field: 'state_type', in: ['CRASHED'] },
          { field: 'expected_start_time', from: { ago: 7 * DAY } },
        ],
      },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: ['name', 'state_name', 'failure', 'start_time', 'duration', 'flow_run.name'],
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-running',
    name: 'Running now',
    folder: '',
    query: {
      where: { and: [{ field: 'state_type', in: ['RUNNING'] }] },
      sort: [{ field: 'start_time', dir: 'asc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-late',
    name: 'Late',
    folder: '',
    query: {
      where: { and: [{ field: 'left_behind', in: [leftBehind.late] }] },
      sort: [{ field: 'expected_start_time', dir: 'asc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-left-behind',
    name: 'Left behind',
    folder: '',
    query: {
      where: { and: [{ field: 'left_behind', isNull: false }] },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-retried',
    name: 'Retried',
    folder: '',
    query: {
      where: { and: [{ field: 'run_count', from: 2 }] },
      sort: [{ field: 'expected_start_time', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-gone',
    name: 'Gone from the server',
    folder: '',
    query: {
      where: { and: [{ field: 'gone', isNull: false }] },
      sort: [{ field: 'gone', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
  {
    id: 'builtin-slowest',
    name: 'Slowest this week',
    folder: '',
    query: {
      where: { and: [{ field: 'expected_start_time', from: { ago: 7 * DAY } }] },
      sort: [{ field: 'total_run_time', dir: 'desc' }],
    },
    columns: null,
    names: {},
    builtin: true,
  },
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
