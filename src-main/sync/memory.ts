/** What an archive's syncs remember while the app runs. A restart forgets it, which costs a few requests and no row. */
import { PageSizes } from './page-sizes.ts';

export class SyncMemory {
  readonly sizes = new PageSizes();
  /** by run id: passes in which the server failed for what a rule fetches of it */
  readonly ruleTries = new Map<string, number>();
  /** The server may be another than it was: its version, its largest page, its database. True at first, and after a sync that failed. */
  doubtful = true;
}
