/** What an open archive is told from outside. Functions are asked anew each time: the answers change while it is open. */
import type { Dialect } from '../../contract/query.ts';
import type { FetchRule, Keeping } from '../../contract/sync.ts';
import type { Log } from '../shell.ts';
import type { Connection } from '../workers/contracts.ts';

export type OpenOptions = {
  workspace: string;
  path: string;
  dialect: Dialect;
  readOnly: boolean;
  /** passes start without being asked for: at opening and by the clock */
  byItself: boolean;
  /** by the person: nothing goes by itself until they go on */
  paused: boolean;
  log: Log;
  /** asked anew for every sync, so that a changed secret or a moved demo server is picked up */
  connection: () => Promise<Connection>;
  onDialect: (dialect: Dialect) => Promise<void>;
  /** as the person has set them, asked anew for every sync */
  keeping: () => Keeping;
  fetchRule: () => FetchRule;
  /** seconds between syncs by the clock; 0: none */
  syncEvery: () => number;
  /** nothing is asked for now that can wait */
  metered: () => boolean;
};
