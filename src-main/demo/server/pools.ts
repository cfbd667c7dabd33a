/** The demo server's work pools and work queues, and what their coming and going does to the rows that name them. */
import { randomUUID } from 'node:crypto';
import { formatTimeLikePrefect } from '../../contract/time.ts';
import { flows, workPools } from '../story/catalog.ts';
import type { Story } from '../story/story.ts';
import type { JsonRow } from './wire-rows.ts';

const DAY = 86_400e6;
const names: readonly string[] = workPools.map(({ name }) => name);
/** every pool has a queue of this name */
const DEFAULT = 'default';

/** [pool, queue], each pool's default first, the others as deployments name them */
const places: readonly (readonly [pool: string, queue: string])[] = names.flatMap((pool) => {
  const used = flows.flatMap(({ deployments }) => deployments.filter((one) => one.pool === pool));
  const queues = new Set([DEFAULT, ...used.map(({ queue }) => queue)]);
  return [...queues].map((queue) => [pool, queue] as const);
});

/** Of the story's pools and queues; null for no pool or one it does not have. */
export function poolId(story: Story, pool: string | undefined): string | null {
  const place = names.indexOf(pool ?? '');
  return place < 0 ? null : story.deploymentIds.v4(700 + place);
}

export function queueId(story: Story, pool: string, queue: string): string | null {
  const place = places.findIndex((one) => one[0] === pool && one[1] === queue);
  return place < 0 ? null : story.deploymentIds.v4(750 + place);
}

type Pool = JsonRow & { id: string; name: string; type: string };
type Queue = JsonRow & { id: string; name: string; priority: number; work_pool_id: string };

export class Pools {
  readonly #pools = new Map<string, Pool>();
  readonly #queues = new Map<string, Queue>();
  readonly #removed = new Set<string>();

  constructor(story: Story) {
    if (story.runs.length === 0) return;
    for (const [i, { name, type, limit }] of workPools.entries()) {
      const at = formatTimeLikePrefect(story.epoch - (400 - i) * DAY);
      const id = poolId(story, name) as string;
      const own = places.filter(([pool]) => pool === name).map(([, queue]) => queue);
      this.#pools.set(id, {
        ...pool({ id, name, type, at, defaultQueue: queueId(story, name, DEFAULT) as string }),
        concurrency_limit: limit,
        status: 'READY',
        active_slots: limit === null ? null : 0,
      });
      for (const [place, one] of own.entries()) {
        const made = queue({
          id: queueId(story, name, one) as string,
          name: one,
          at,
          priority: place + 1,
          poolId: id,
          poolName: name,
        });
        this.#queues.set(made.id, { ...made, status: 'READY', last_polled: formatTimeLikePrefect(story.epoch - 8e6) });
      }
    }
  }

  /** by name */
  pools(): Pool[] {
    return [...this.#pools.values()].sort(by((one) => one.name));
  }

  /** by name; of one pool by priority */
  queues(pool?: string): Queue[] {
    const all = [...this.#queues.values()];
    if (pool === undefined) return all.sort(by((one) => one.name));
    return all.filter((one) => one.work_pool_id === pool).sort((a, b) => a.priority - b.priority);
  }

  /** With its default queue; returns its id. `now`: µs. */
  addPool(name: string, type: string, now: number): string {
    const at = formatTimeLikePrefect(now);
    const [id, first] = [randomUUID(), randomUUID()];
    this.#pools.set(id, pool({ id, name, type, at, defaultQueue: first }));
    this.#queues.set(first, queue({ id: first, name: DEFAULT, at, priority: 1, poolId: id, poolName: name }));
    return id;
  }

  /** Returns its id. Throws when there is no such pool. */
  addQueue(poolId: string, name: string, now: number): string {
    const owner = this.#pools.get(poolId);
    if (!owner) throw new Error(`no work pool ${poolId}`);
    const at = formatTimeLikePrefect(now);
    const id = randomUUID();
    const priority = Math.max(0, ...this.queues(poolId).map((one) => one.priority)) + 1;
    this.#queues.set(id, queue({ id, name, at, priority, poolId, poolName: owner.name }));
    return id;
  }

  /** A pool or a queue. Throws when it is not there. */
  update(id: string, change: JsonRow): void {
    const [pool, queue] = [this.#pools.get(id), this.#queues.get(id)];
    if (pool) this.#pools.set(id, { ...pool, ...change });
    else if (queue) this.#queues.set(id, { ...queue, ...change });
    else throw new Error(`no work pool or queue ${id}`);
  }

  /** A queue, or a pool with its queues. */
  remove(id: string): void {
    this.#removed.add(id);
    this.#queues.delete(id);
    if (!this.#pools.delete(id)) return;
    for (const one of this.queues(id)) this.remove(one.id);
  }

  /** A flow run or deployment as the server shows it: names are those of today, and a deleted queue is none (ON DELETE SET NULL). */
  shown(row: JsonRow): JsonRow {
    const id = row['work_queue_id'];
    if (typeof id !== 'string') return row;
    if (this.#removed.has(id)) {
      const without = { ...row, work_queue_id: null, work_pool_name: null };
      return 'work_pool_id' in row ? { ...without, work_pool_id: null } : without;
    }
    const queue = this.#queues.get(id);
    return queue && queue.name !== row['work_queue_name'] ? { ...row, work_queue_name: queue.name } : row;
  }
}

const by =
  <T>(key: (one: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

type PoolFacts = { id: string; name: string; type: string; at: string; defaultQueue: string };
const pool = ({ id, name, type, at, defaultQueue }: PoolFacts): Pool => ({
  id,
  created: at,
  updated: at,
  name,
  description: null,
  type,
  base_job_template: type === 'kubernetes' ? kubernetesTemplate : { job_configuration: { command: '{{ command }}' } },
  is_paused: false,
  concurrency_limit: null,
  status: 'NOT_READY',
  default_queue_id: defaultQueue,
  storage_configuration: {
    bundle_upload_step: null,
    bundle_execution_step: null,
    default_result_storage_block_id: null,
  },
  active_slots: null,
});

const kubernetesTemplate = {
  variables: {
    type: 'object',
    properties: { image: { type: 'string', title: 'Image' }, namespace: { type: 'string', default: 'flows' } },
  },
  job_configuration: { image: '{{ image }}', namespace: '{{ namespace }}', job_manifest: { kind: 'Job' } },
};

type QueueFacts = { id: string; name: string; at: string; priority: number; poolId: string; poolName: string };
const queue = ({ id, name, at, priority, poolId, poolName }: QueueFacts): Queue => ({
  id,
  created: at,
  updated: at,
  name,
  description: name === DEFAULT ? "The work pool's default queue." : '',
  is_paused: false,
  concurrency_limit: null,
  priority,
  work_pool_id: poolId,
  filter: null,
  last_polled: null,
  work_pool_name: poolName,
  status: 'NOT_READY',
  active_slots: null,
});
