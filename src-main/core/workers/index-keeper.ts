/**
 * Keeps the index over restarts: a snapshot file beside the archive, plus the commits made since. When the file does not match the archive,
 * the index is built anew from the rows, so the file can be deleted at any time.
 */
import type { Dialect } from '../../contract/query.ts';
import { Engine } from '../../query/engine.ts';
import { toWireError } from '../../contract/errors.ts';
import type { Reader } from '../../store/read/reader.ts';
import { logToMain } from './port.ts';

/** ms without a commit before the index is saved: at a million rows a save writes 110 MB. */
const IDLE = 20_000;

/** `saved`: the last commit in the file at `path`; null when the index was built from the rows. */
export async function openIndex(
  reader: Reader,
  dialect: Dialect,
  path: string,
): Promise<{ engine: Engine; saved: number | null }> {
  const engine = new Engine(reader, { dialect });
  if (await engine.restore(path, reader.archiveId(), reader.batch())) {
    const saved = engine.version;
    const missed = reader.changesSince(saved);
    if (missed) {
      engine.apply(missed);
      return { engine, saved };
    }
  }
  // read again: commits may have been made while the file was read
  engine.load(reader.batch());
  return { engine, saved: null };
}

export class IndexKeeper {
  readonly #engine: Engine;
  readonly #reader: Reader;
  readonly #path: string;
  #saved: number | null;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(engine: Engine, reader: Reader, path: string, saved: number | null) {
    this.#engine = engine;
    this.#reader = reader;
    this.#path = path;
    this.#saved = saved;
  }

  /** To be called after each commit. The index is saved once no commit has come for IDLE ms. */
  changed(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#save(), IDLE);
  }

  /** Saves the index if it has changed since the last save. */
  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    await this.#save();
  }

  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const { version } = this.#engine;
      if (version === this.#saved) return;
      // without the file the next start builds the index from the rows, so a full disk here costs seconds and nothing else
      const whole = await this.#engine.save(this.#path, this.#reader.archiveId()).catch((thrown: unknown) => {
        const { code, message } = toWireError(thrown);
        logToMain('warn', 'index not saved: the next start builds it from the rows', { code, message });
        return false;
      });
      if (whole) this.#saved = version;
    });
    return this.#saving;
  }
}
