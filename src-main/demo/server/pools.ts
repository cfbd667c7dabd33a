/** The demo server's work pools and work queues. */
import { formatTimeLikePrefect } from '../../contract/time.ts';
import { flows, workPools } from '../story/catalog.ts';
import type { Story } from '../story/story.ts';
import type { JsonRow } from '../json.ts';

const DAY = 86_400e6;
const names: readonly string[] = workPools.map(({ name }) => name);
/** Every pool has a queue of this name. */
export const DEFAULT = 'default';

/** [pool, queue]: each pool's default queue first, then the queues that deployments name. */
const places: readonly (readonly [pool: string, queue: string])[] = names.flatMap((pool) => {
  const used = flows.flatMap(({ deployments }) => deployments.filter((one) => one.pool === pool));
  const queues = new Set([DEFAULT, ...used.map(({ queue }) => queue)]);
  return [...queues].map((queue) => [pool, queue] as const);
});

/** Id of one of the story's pools; null for undefined and for an unknown name. */
export function poolId(story: Story, pool: string | undefined): string | null {
  const place = names.indexOf(pool ?? '');
  return place < 0 ? null : story.deploymentIds.v4(700 + place);
}

/** null: the demo has no such queue. */
export function queueId(story: Story, pool: string, queue: string): string | null {
  const place = places.findIndex((one) => one[0] === pool && one[1] === queue);
  return place < 0 ? null : story.deploymentIds.v4(750 + place);
}

export type Pool = JsonRow & { id: string; name: string; type: string };
export type Queue = JsonRow & { id: string; name: string; priority: number; work_pool_id: string };

export class Pools {
  /** by id */
  protected readonly byPoolId = new Map<string, Pool>();
  /** by id */
  protected readonly byQueueId = new Map<string, Queue>();

  constructor(story: Story) {
    if (story.runs.length === 0) return;
    for (const [i, { name, type, limit }] of workPools.entries()) {
      const at = formatTimeLikePrefect(story.epoch - (400 - i) * DAY);
      const id = poolId(story, name) as string;
      const own = places.filter(([pool]) => pool === name).map(([, queue]) => queue);
      this.byPoolId.set(id, {
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
        this.byQueueId.set(made.id, {
          ...made,
          status: 'READY',
          last_polled: formatTimeLikePrefect(story.epoch - 8e6),
        });
      }
    }
  }

  /** Sorted by name. */
  pools(): Pool[] {
    return [...this.byPoolId.values()].sort(by((one) => one.name));
  }

  /** All queues by name, or the queues of the pool with this id by priority. */
  queues(pool?: string): Queue[] {
    const all = [...this.byQueueId.values()];
    if (pool === undefined) return all.sort(by((one) => one.name));
    return all.filter((one) => one.work_pool_id === pool).sort((a, b) => a.priority - b.priority);
  }
}

const by =
  <T>(key: (one: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

type PoolFacts = { id: string; name: string; type: string; at: string; defaultQueue: string };
export const pool = ({ id, name, type, at, defaultQueue }: PoolFacts): Pool => ({
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
export const queue = ({ id, name, at, priority, poolId, poolName }: QueueFacts): Queue => ({
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
