/** One state of the archive for an export that takes a while: the order of the rows, the index's fields and the rows' JSON all of one commit. */
import { setTimeout } from 'node:timers/promises';
import type { Frozen } from '../../../query/columns/frozen.ts';
import type { Engine } from '../../../query/engine.ts';
import type { Reader } from '../../../store/read/reader.ts';

export type Snapshot = {
  engine: Engine;
  /** rows in the order of the file */
  order: Uint32Array;
  /** the fields that were named */
  frozen: Frozen;
  /** a connection of its own, which sees this state only */
  reader: Reader;
  release(): void;
};

type Taking = {
  engine: Engine;
  open: () => Reader;
  /** takes the commits that are known here into the index */
  update: () => void;
  order: () => Uint32Array;
  fields: readonly string[];
  signal: AbortSignal;
};

/** ms. A commit is told within this time of being made. */
const PAUSE = 2;

/** Waits until the index has the last commit: a sync may be writing. Throws the signal's reason. */
export async function takeSnapshot({ engine, open, update, order, fields, signal }: Taking): Promise<Snapshot> {
  const reader = open();
  try {
    for (;;) {
      update();
      if (reader.hold() === engine.version) break;
      reader.letGo();
      await setTimeout(PAUSE, undefined, { signal });
    }
    const frozen = engine.freeze(fields);
    const release = () => {
      engine.thaw(frozen);
      reader.letGo();
      reader.close();
    };
    return { engine, order: order(), frozen, reader, release };
  } catch (thrown) {
    reader.close();
    throw thrown;
  }
}
