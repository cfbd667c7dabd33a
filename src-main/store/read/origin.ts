/** What an archive tells of the server it was read from, without an index: for archives that no workspace has. */
import type { Entity } from '../../contract/fields.ts';
import { openForReading } from '../file/archive-file.ts';
import { storeError } from '../file/errors.ts';
import { uuidText } from '../uuid.ts';

/** Ids of each kind: one that a server knows is enough to tell it by. */
const FEW = 50;

/** `server`: the address it was last synced with, null when it never was. */
export type Origin = {
  server: string | null;
  task_runs: number;
  ids: Record<'flow' | 'flow_run' | 'task_run', string[]>;
};

/** The newest ids of each kind that are not gone. One scan of the task runs. Throws NOT_FOUND, ARCHIVE_NEWER, ARCHIVE_DAMAGED. */
export function readOrigin(path: string): Origin {
  const { db, close } = openForReading(path);
  try {
    const ids = (entity: Entity) =>
      (
        db
          .prepare(`SELECT id FROM ${entity} WHERE known = 1 AND gone IS NULL ORDER BY rid DESC LIMIT ${FEW}`)
          .pluck()
          .all() as Uint8Array[]
      ).map((id) => uuidText(id));
    return {
      server: (db.prepare("SELECT value FROM meta WHERE key = 'server'").pluck().get() as string | undefined) ?? null,
      task_runs: db.prepare('SELECT count(*) FROM task_run WHERE known = 1').pluck().get() as number,
      ids: { flow: ids('flow'), flow_run: ids('flow_run'), task_run: ids('task_run') },
    };
  } catch (thrown) {
    throw storeError(thrown, path);
  } finally {
    close();
  }
}
