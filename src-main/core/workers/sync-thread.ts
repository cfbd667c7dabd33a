/** Main's end of the one sync thread: started when it is first needed, and again after it died. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Client } from '../../contract/define.ts';
import { portChannel } from '../../rpc/channels.ts';
import { connect } from '../../rpc/rpc.ts';
import type { Log } from '../shell.ts';
import { serverContract, syncContract } from './contracts.ts';
import { startWorker, threadDied, type Started } from './start-worker.ts';
import type { Attach } from './sync.ts';

/** ms that `detach` waits for requests and writes under way */
const DETACH_WITHIN = 5000;

export type AttachedSync = {
  client: Client<typeof syncContract>;
  /** Resolves when the archive's server and its writer are not used any more. */
  detach(): Promise<void>;
};

export class SyncThread {
  readonly #log: Log;
  #started: Started<typeof serverContract> | null = null;
  readonly #attached = new Set<(error: ReturnType<typeof threadDied>) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** For servers that no archive belongs to yet. */
  get server(): Client<typeof serverContract> {
    return this.#thread.client;
  }

  get #thread(): Started<typeof serverContract> {
    this.#started ??= startWorker('sync', serverContract, {
      log: this.#log,
      onDeath: (error) => {
        this.#started = null;
        const told = [...this.#attached];
        this.#attached.clear();
        for (const onDeath of told) onDeath(error);
      },
    });
    return this.#started;
  }

  /** `writer`: a port to the archive's writer thread; it goes to the sync thread. `onDeath`: the thread died while the archive was attached. */
  attach(writer: MessagePort, onDeath: (error: ReturnType<typeof threadDied>) => void): AttachedSync {
    const { port1, port2 } = new MessageChannel();
    this.#thread.post({ t: 'attach', calls: port2, writer } satisfies Attach, [port2, writer]);
    this.#attached.add(onDeath);
    const client = connect(syncContract, portChannel(port1), () => threadDied('sync'));
    return {
      client,
      detach: async () => {
        this.#attached.delete(onDeath);
        // a thread that has died, or does not answer: the writes that it still sends fail when the writer has stopped, and are read again
        await client.detach({}, { signal: AbortSignal.timeout(DETACH_WITHIN) }).catch(() => undefined);
        port1.close();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#started?.stop();
    this.#started = null;
  }
}
