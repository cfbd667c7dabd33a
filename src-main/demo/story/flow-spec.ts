/** The types of the demo's flows: tasks, deployments, rhythms. Durations in seconds. */
import type { Cause } from './failures.ts';

export type TaskSpec = {
  name: string;
  /** names of tasks of the same flow that must end first; [] starts with the flow */
  after: readonly string[];
  /** least and most runs of a map; [1, 1] is one plain call */
  fan: readonly [number, number];
  /** median seconds of one attempt, and its skew */
  median: number;
  sigma: number;
  /** chance that an attempt fails on an ordinary day */
  fails: number;
  /** the incidents that reach the task, and the kinds of its failures */
  causes: readonly Cause[];
  retries: number;
  retryDelay: number;
  timeout: number | null;
  /** chance of a result from the cache */
  cached: number;
  /** name of the flow that the task runs; its task run is the placeholder of a subflow */
  subflow: string | null;
  tags: readonly string[];
  /** names of flow parameters that the task takes beside its upstream results */
  inputs: readonly string[];
  artifact: 'table' | 'markdown' | null;
};

/** When runs begin: the weight of each hour of the day, and the schedule's grid in minutes, 0 for any time. */
type Rhythm = { hours: readonly number[]; grid: number; weekdaysOnly: boolean };

export type FlowSpec = {
  name: string;
  tags: readonly string[];
  rhythm: Rhythm;
  /** share of all runs that are not started by another flow */
  weight: number;
  deployments: readonly {
    name: string;
    queue: string;
    pool: string;
    tags: readonly string[];
    paused: boolean;
    cron: string;
  }[];
  parameters: Readonly<Record<string, unknown>>;
  tasks: readonly TaskSpec[];
};

type TaskInput = Partial<Omit<TaskSpec, 'name'>>;
export function task(name: string, given: TaskInput = {}): TaskSpec {
  return {
    name,
    after: [],
    fan: [1, 1],
    median: 6,
    sigma: 0.7,
    fails: 0.012,
    causes: ['code'],
    retries: 0,
    retryDelay: 10,
    timeout: null,
    cached: 0,
    subflow: null,
    tags: [],
    inputs: [],
    artifact: null,
    ...given,
  };
}

export const night: Rhythm = {
  hours: [4, 9, 10, 8, 5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2],
  grid: 5,
  weekdaysOnly: false,
};
export const dayAndNight: Rhythm = { hours: Array.from({ length: 24 }, () => 1), grid: 5, weekdaysOnly: false };
export const office: Rhythm = {
  hours: [0, 0, 0, 0, 0, 0, 1, 4, 8, 9, 8, 7, 5, 8, 9, 8, 6, 3, 2, 1, 1, 1, 0, 0],
  grid: 0,
  weekdaysOnly: true,
};
export const hourly: Rhythm = { hours: Array.from({ length: 24 }, () => 1), grid: 60, weekdaysOnly: false };

export function deployed(
  name: string,
  queue: string,
  pool: string,
  cron: string,
  tags: readonly string[] = ['prod'],
  paused = false,
) {
  return { name, queue, pool, tags, paused, cron };
}

export const WAREHOUSE: TaskInput = { causes: ['warehouse', 'disk'], retries: 2, retryDelay: 30, fails: 0.04 };
export const API: TaskInput = {
  causes: ['api', 'network'],
  retries: 3,
  retryDelay: 10,
  fails: 0.09,
  tags: ['external-api'],
};
export const CHECK: TaskInput = { causes: ['schema'], fails: 0.035, artifact: 'table' };
