/**
 * A simulated Prefect 3.8.8 server on a loopback port: the demo workspace syncs from it like from any server. The same seed, epoch
 * and number of runs tell the same story.
 */
import { Story } from '../story/story.ts';
import { answer, type Server } from './api.ts';
import { openDatabase } from './database.ts';
import { EventStream } from './events.ts';
import { headersOf, listen, readRequest } from './http.ts';
import { broadcast } from './story-events.ts';

/** Default and largest page, as Prefect ships. */
export const PAGE_LIMIT = 200;

export type DemoOptions = {
  /** task runs that exist at the epoch */
  runs: number;
  seed: number;
  /** µs; the moment the story's 30 days end and the live part begins */
  epoch: number;
};

export type Demo = { apiUrl: string; close(): Promise<void> };

export async function startDemo({ runs, seed, epoch }: DemoOptions): Promise<Demo> {
  const now = () => Date.now() * 1000;
  const database = openDatabase(new Story(seed, epoch, runs));
  const server: Server = { database, dialect: 'sqlite', limit: PAGE_LIMIT, now };
  const events = new EventStream(now);
  const silence = broadcast(database, events, now);
  const { port, close } = await listen(
    {
      respond: async (request, response) => {
        const read = await readRequest(request);
        const reply = 'reply' in read ? read.reply : answer(server, read.asked);
        const bytes = Buffer.from(reply.body, 'utf8');
        response.writeHead(reply.status, headersOf(reply, bytes.length, now())).end(bytes);
      },
      upgrade: (request, socket, head) => events.upgrade(request, socket, head),
    },
    0,
  );
  return {
    apiUrl: `http://127.0.0.1:${port}/api`,
    close: async () => {
      silence();
      await close();
    },
  };
}
