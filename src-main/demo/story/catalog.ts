/** The demo's company: its flows, background tasks and work pools. */
import { businessFlows } from './business-flows.ts';
import { task, type FlowSpec, type TaskSpec } from './flow-spec.ts';
import { platformFlows } from './platform-flows.ts';

export const flows: readonly FlowSpec[] = [...businessFlows, ...platformFlows];

/** Tasks sent with `.delay()`: no flow run, made by the server, often for later. */
export const background: readonly TaskSpec[] = [
  task('send_welcome_email', {
    median: 1.2,
    causes: ['network'],
    fails: 0.02,
    retries: 3,
    tags: ['background', 'notify'],
  }),
  task('make_thumbnail', { median: 3.5, causes: ['disk', 'memory'], fails: 0.015, tags: ['background'] }),
  task('rebuild_search_index', {
    median: 95,
    causes: ['warehouse'],
    fails: 0.02,
    retries: 1,
    tags: ['background', 'search'],
  }),
];
/** Share of beginnings that are a burst of background tasks instead of a flow run. */
export const BACKGROUND_WEIGHT = 4;

/** A deployment that was deleted: its runs keep its id, the deployment itself answers 404. */
export const DELETED_DEPLOYMENT = { flow: 'scrape-prices', name: 'legacy-hourly' };

export const workPools: readonly { name: string; type: string; limit: number | null }[] = [
  { name: 'k8s-prod', type: 'kubernetes', limit: null },
  { name: 'gpu-pool', type: 'kubernetes', limit: 4 },
  { name: 'vm-workers', type: 'process', limit: null },
];
