/** Query thread: the index, a read-only connection to fill in rows, the local API and the rows of an export. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { serve } from '../../rpc/rpc.ts';
import { queryContract } from './contracts.ts';
import type { Change } from '../../store/columns.ts';
import { Desk } from './results.ts';
import { mainChannel } from './port.ts';

/** `changes`: the writer says here which rows changed. */
export type QueryData = { changes: MessagePort };
const { changes } = workerData as QueryData;

const desk = new Desk();
changes.on('message', (change: Change) => desk.onChange(change));
serve(
  queryContract,
  desk.handlers,
  mainChannel(() => desk.close()),
);
