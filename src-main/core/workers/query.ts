/** The query thread: the index, a read-only connection for whole rows, the local API and exports. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { serve } from '../../rpc/rpc.ts';
import { queryContract } from './contracts.ts';
import type { Change } from '../../store/columns.ts';
import { QueryResults } from './results.ts';
import { mainChannel } from './port.ts';

/** `changes`: the port on which the writer sends the rows of each commit. */
type QueryData = { changes: MessagePort };
const { changes } = workerData as QueryData;

const results = new QueryResults();
changes.on('message', (change: Change) => results.onChange(change));
serve(
  queryContract,
  results.handlers,
  mainChannel(() => results.close()),
);
