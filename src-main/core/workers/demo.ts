/** Demo thread: runs the simulated Prefect server, so that its work does not slow the main thread. */
import { workerData } from 'node:worker_threads';
import { startDemo } from '../../demo/server/server.ts';
import { serve } from '../../rpc/rpc.ts';
import { demoContract } from './contracts.ts';
import { mainChannel } from './port.ts';

type DemoData = { runs: number; epoch: number };
const { runs, epoch } = workerData as DemoData;
const started = startDemo({ runs, seed: 20_000, epoch });

serve(
  demoContract,
  { address: async () => ({ api_url: (await started).apiUrl }) },
  mainChannel(async () => (await started).close()),
);
