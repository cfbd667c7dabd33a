/** Sync thread: the only one that talks to Prefect servers, for all workspaces, so that one request budget per server is a plain object. */
import { parentPort, type MessagePort } from 'node:worker_threads';
import { listCloudWorkspaces } from '../../prefect/cloud.ts';
import { probeServer } from '../../prefect/probe.ts';
import { serve } from '../../rpc/rpc.ts';
import { serverContract } from './contracts.ts';
import { archivesKnownTo } from './known-archives.ts';
import { mainChannel } from './port.ts';
import { serveArchive } from './sync-archive.ts';

/** Main attaches an archive. `calls`: main's calls of syncContract come in here; `writer`: the archive's writer thread. */
export type Attach = { t: 'attach'; calls: MessagePort; writer: MessagePort };

const isAttach = (frame: unknown): frame is Attach =>
  typeof frame === 'object' && frame !== null && 't' in frame && frame.t === 'attach';

parentPort?.on('message', (frame: unknown) => {
  if (isAttach(frame)) serveArchive(frame.calls, frame.writer);
});

serve(
  serverContract,
  {
    probe: ({ connection }, { signal }) => probeServer(connection, signal),
    known: ({ connection, paths }, { signal }) => archivesKnownTo(connection, paths, signal),
    cloudWorkspaces: (asked, { signal }) => listCloudWorkspaces(asked, signal),
  },
  mainChannel(),
);
