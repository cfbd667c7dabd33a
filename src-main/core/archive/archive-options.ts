/** What an open archive is told from outside. Functions are called anew each time: their answers change while it is open. */
import type { AppError } from '../../contract/errors.ts';
import type { Dialect } from '../../contract/query.ts';
import type { FetchRule, Retention } from '../../contract/sync.ts';
import type { SalvageProgress } from '../../store/file/salvage.ts';
import type { Log } from '../shell.ts';
import type { SyncThread } from '../workers/sync-thread.ts';
import type { Connection } from '../../prefect/connection.ts';

export type OpenOptions = {
  workspace: string;
  path: string;
  /** address of the workspace's server; '' for the demo's, which has a new one at every start */
  server: string;
  dialect: Dialect;
  readOnly: boolean;
  /** a case file: from elsewhere, and only read */
  foreign: boolean;
  /** syncs start without being asked for: at opening and by the clock */
  byItself: boolean;
  /** by the person: nothing is fetched by itself */
  paused: boolean;
  log: Log;
  /** aborted: the archive is not wanted any more, also while it is being opened */
  signal: AbortSignal;
  syncThread: SyncThread;
  /** called for every sync, so that a changed secret or a moved demo server is used */
  connection: () => Promise<Connection>;
  onDialect: (dialect: Dialect) => Promise<void>;
  /** as the person has set them */
  retention: () => Retention;
  fetchRule: () => FetchRule;
  /** seconds between syncs by the clock; 0: none */
  syncEvery: () => number;
  /** the person calls the connection metered */
  metered: () => boolean;
  /** a damaged archive is being saved, before it is open */
  onSalvage: (salvage: SalvageProgress) => void;
  /** a thread of the archive has died, told once for each thread; or a sync has met damage. The archive is of no use any more */
  onDeath: (error: AppError) => void;
};
