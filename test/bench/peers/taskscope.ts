/** Taskscope's own engine over the archive. */
import type { FacetRequest } from '../../../src-main/contract/query.ts';
import { Engine } from '../../../src-main/query/engine.ts';
import { openReader } from '../../../src-main/store/read.ts';
import { END } from '../../fixtures/synthetic-source.ts';
import { archiveOf } from '../archives.ts';
import type { Peer } from './peer.ts';
import { PAGE } from './sql.ts';

const sort = [{ field: 'expected_start_time', dir: 'desc' as const }];
const facets: FacetRequest[] = ['state_type', 'state_name', 'flow_run.flow_id', 'flow_run.deployment_id', 'tags', 'task_key'].map((field) => ({ field, limit: 50 })); // prettier-ignore

export async function taskscopePeer(taskRuns: number): Promise<Peer & { engine: Engine }> {
  const reader = openReader(await archiveOf(taskRuns));
  const engine = new Engine(reader, { dialect: 'sqlite' });
  engine.load(reader.batch());
  const rows = (order: Uint32Array) => Array.from(order.subarray(0, PAGE), (rid) => engine.taskRunRow(rid));
  return {
    name: 'Taskscope',
    engine,
    page: ({ where }) => {
      const { count, order } = engine.ask({ where, sort, now: END });
      return { count, ids: rows(order).map(({ id }) => id) };
    },
    click: ({ where }) => {
      const histogram = { field: 'expected_start_time', buckets: 90 };
      rows(engine.ask({ where, sort, now: END, facets, histogram }).order);
    },
    close: () => reader.close(),
  };
}
