/** Taskscope's own engine over the archive. */
import type { FacetRequest } from '../../../src-main/contract/query.ts';
import { Engine, type Outcome } from '../../../src-main/query/engine.ts';
import { openReader } from '../../../src-main/store/read/reader.ts';
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
  const rows = (outcome: Outcome) => engine.taskRunColumns(outcome.slice(0, PAGE));
  return {
    name: 'Taskscope',
    engine,
    page: ({ where }) => {
      const outcome = engine.ask({ where, sort, now: END });
      return { count: outcome.count, ids: [...rows(outcome).id] };
    },
    click: ({ where }) => {
      const histogram = { field: 'expected_start_time', buckets: 90 };
      const outcome = engine.ask({ where, sort, now: END, facets, histogram });
      rows(outcome);
      void outcome.order; // a click also makes every later jump ready
    },
    close: () => reader.close(),
  };
}
