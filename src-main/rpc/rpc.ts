/**
 * The protocol between window and core, browser page and host, core and worker threads.
 *
 * The asking side sends `call`, `cancel`, `pull`; the serving side answers `value`, `item`, `end`, `error`. A stream is an async
 * generator with credit: the source runs ahead of the reader by at most WINDOW items, so a synchronous producer stops when its
 * reader stops. Input is validated where it arrives, output where it is used. Ids, names, credit and open calls are bounded, since
 * the peer of a socket may keep no rule; the size of a frame is bounded by the transport.
 */
import { z } from 'zod';
import type { Channel } from './channels.ts';
import type { AnyContract, Client, Context, Handlers, Options } from '../contract/define.ts';
import {
  AppError,
  errorCodeSchema,
  fromWireError,
  toWireError,
  wireErrorSchema,
  type WireError,
} from '../contract/errors.ts';
import { transferOf } from './transfer.ts';

/** Items in flight before the source waits. The reader pulls the next half when it has used half. */
const WINDOW = 16;
/** Largest credit of a stream, items, however often its reader pulls. */
const MAX_CREDIT = 1024;

const idSchema = z.number().int().min(0);
const askSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('call'), id: idSchema, name: z.string().max(100), input: z.unknown() }),
  z.object({ t: z.literal('cancel'), id: idSchema }),
  z.object({ t: z.literal('pull'), id: idSchema, n: z.number().int().min(1).max(MAX_CREDIT) }),
]);
type Call = Extract<z.infer<typeof askSchema>, { t: 'call' }>;

const replySchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('value'), id: z.number(), value: z.unknown() }),
  z.object({ t: z.literal('item'), id: z.number(), item: z.unknown() }),
  z.object({ t: z.literal('end'), id: z.number() }),
  z.object({
    t: z.literal('error'),
    id: z.number(),
    error: wireErrorSchema.extend({ code: errorCodeSchema.catch('INTERNAL') }),
  }),
]);
type Reply = z.infer<typeof replySchema>;

type Running = { abort: AbortController; credit: number; wake: (() => void) | null };

type ServeOptions = {
  /** Called with every INTERNAL error, for the log. */
  onInternalError?: (name: string, thrown: unknown) => void;
  /** Calls and streams that may be open at once on this channel; a further one is refused with BAD_INPUT. Default: no limit. */
  maxCalls?: number;
};

/** Answers the contract's calls on one channel until it closes. The returned function aborts every open call. */
export function serve<C extends AnyContract>(
  contract: C,
  handlers: Handlers<C>,
  channel: Channel,
  options: ServeOptions = {},
): () => void {
  const running = new Map<number, Running>();
  const { maxCalls = Infinity } = options;
  const reply = (frame: Reply, answer?: unknown) => channel.send(frame, transferOf(answer));

  const fail = (id: number, name: string, thrown: unknown) => {
    const error: WireError = toWireError(thrown);
    if (error.code === 'INTERNAL') options.onInternalError?.(name, thrown);
    reply({ t: 'error', id, error });
  };

  /** Throws BAD_INPUT, and a RangeError for an input that is nested deeper than the stack. */
  const checked = ({ id, name, input }: Call) => {
    const member = Object.hasOwn(contract, name) ? contract[name] : undefined;
    if (!member) throw new AppError('BAD_INPUT', `no such call: ${name}`);
    if (running.has(id)) throw new AppError('BAD_INPUT', `call ${id} is still open: its id cannot be used again`);
    if (running.size >= maxCalls)
      throw new AppError('BAD_INPUT', `more than ${maxCalls} calls are open at once on this connection`, {
        advice: 'Wait until some have ended, or reload the page.',
      });
    const parsed = member.input.safeParse(input);
    if (!parsed.success) throw refusal(name, parsed.error);
    return { member, input: parsed.data };
  };

  const run = async (call: Call) => {
    const { id, name } = call;
    let asked: ReturnType<typeof checked>;
    try {
      asked = checked(call);
    } catch (thrown) {
      const deep = thrown instanceof RangeError;
      return fail(id, name, deep ? new AppError('BAD_INPUT', `${name}: nested too deep`, {}, thrown) : thrown);
    }
    const { member, input } = asked;
    const job: Running = { abort: new AbortController(), credit: WINDOW, wake: null };
    running.set(id, job);
    const context: Context = { signal: job.abort.signal };
    try {
      const handler = handlers[name] as (input: unknown, context: Context) => unknown;
      const result = handler(input, context);
      if (member.kind === 'call') {
        const value = await result;
        if (!job.abort.signal.aborted) reply({ t: 'value', id, value }, value);
      } else {
        for await (const item of result as AsyncIterable<unknown>) {
          if (job.abort.signal.aborted) return;
          reply({ t: 'item', id, item }, item);
          job.credit -= 1;
          while (job.credit <= 0 && !job.abort.signal.aborted)
            await new Promise<void>((resolve) => (job.wake = resolve));
          if (job.abort.signal.aborted) return;
        }
        reply({ t: 'end', id });
      }
    } catch (thrown) {
      if (!job.abort.signal.aborted) fail(id, name, thrown);
    } finally {
      running.delete(id);
    }
  };

  const cancel = (job: Running) => {
    job.abort.abort();
    job.wake?.();
  };

  channel.onMessage((frame) => {
    const parsed = askSchema.safeParse(frame);
    if (!parsed.success) return; // a reply, when both ends serve on one channel, or no frame of this protocol
    const ask = parsed.data;
    if (ask.t === 'call') {
      // only a channel that cannot send gets here: its peer is gone, and `onClose` aborts the calls
      run(ask).catch((thrown: unknown) => options.onInternalError?.(ask.name, thrown));
      return;
    }
    const job = running.get(ask.id);
    if (!job) return; // the call ended while the frame was on its way
    if (ask.t === 'cancel') cancel(job);
    else {
      job.credit = Math.min(job.credit + ask.n, MAX_CREDIT);
      job.wake?.();
    }
  });

  const stop = () => {
    for (const job of running.values()) cancel(job);
    running.clear();
  };
  channel.onClose(stop);
  return stop;
}

const disconnected = () => new AppError('DISCONNECTED', 'the connection to Taskscope was lost');

type Waiting = { onReply: (reply: Reply) => void; onLost: () => void };

/** A typed client of the contract over one channel. When the channel closes, all waiting calls and all later ones fail with `lost`. */
export function connect<C extends AnyContract>(contract: C, channel: Channel, lostBy = disconnected): Client<C> {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let lost = false;

  channel.onMessage((frame) => {
    const parsed = replySchema.safeParse(frame);
    if (parsed.success) waiting.get(parsed.data.id)?.onReply(parsed.data);
  });
  channel.onClose(() => {
    lost = true;
    for (const one of [...waiting.values()]) one.onLost();
    waiting.clear();
  });

  const cancelled = () => new AppError('CANCELLED', 'cancelled');

  function parseOutput(name: string, schema: z.ZodType, value: unknown): unknown {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new AppError('INTERNAL', `${name}: unexpected answer: ${z.prettifyError(parsed.error)}`);
  }

  function doCall(name: string, output: z.ZodType, input: unknown, { signal }: Options): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (lost) return reject(lostBy());
      if (signal?.aborted) return reject(cancelled());
      const id = nextId++;
      const onAbort = () => {
        channel.send({ t: 'cancel', id });
        finish();
        reject(cancelled());
      };
      const finish = () => {
        waiting.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.set(id, {
        onReply: (reply) => {
          finish();
          try {
            if (reply.t === 'value') resolve(parseOutput(name, output, reply.value));
            else if (reply.t === 'error') reject(fromWireError(reply.error));
            else reject(new AppError('INTERNAL', `${name}: a call was answered with a stream`));
          } catch (thrown) {
            reject(thrown);
          }
        },
        onLost: () => {
          finish();
          reject(lostBy());
        },
      });
      channel.send({ t: 'call', id, name, input });
    });
  }

  async function* doStream(
    name: string,
    item: z.ZodType,
    input: unknown,
    { signal }: Options,
  ): AsyncGenerator<unknown> {
    if (lost) throw lostBy();
    if (signal?.aborted) throw cancelled();
    const id = nextId++;
    const queue: Reply[] = [];
    let problem: AppError | null = null;
    let wake: (() => void) | null = null;
    let open = true;
    let used = 0;
    const onAbort = () => {
      problem = cancelled();
      wake?.();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    waiting.set(id, {
      onReply: (reply) => {
        queue.push(reply);
        wake?.();
      },
      onLost: () => {
        open = false;
        problem = lostBy();
        wake?.();
      },
    });
    channel.send({ t: 'call', id, name, input });
    try {
      for (;;) {
        if (problem) throw problem as AppError;
        const reply = queue.shift();
        if (!reply) {
          await new Promise<void>((resolve) => (wake = resolve));
          wake = null;
        } else if (reply.t === 'item') {
          yield parseOutput(name, item, reply.item);
          used += 1;
          if (used === WINDOW / 2) {
            channel.send({ t: 'pull', id, n: used });
            used = 0;
          }
        } else {
          open = false;
          if (reply.t === 'error') throw fromWireError(reply.error);
          return;
        }
      }
    } finally {
      if (open) channel.send({ t: 'cancel', id });
      waiting.delete(id);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  const client: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(contract)) {
    client[name] =
      member.kind === 'call'
        ? (input: unknown, options: Options = {}) => doCall(name, member.output, input, options)
        : (input: unknown, options: Options = {}) => doStream(name, member.item, input, options);
  }
  return client as Client<C>;
}

/** More of them help nobody: 200,000 wrong ids made a reply of 14 MB. */
const MOST_PROBLEMS = 100;

/** Names what is wrong with an input. A schema's own words (`advice` beside them) are meant for people and stand alone. */
function refusal(name: string, error: z.ZodError): AppError {
  for (const issue of error.issues) {
    const advice: unknown = issue.code === 'custom' ? issue.params?.['advice'] : undefined;
    if (typeof advice === 'string') return new AppError('BAD_INPUT', issue.message, { advice });
  }
  return new AppError('BAD_INPUT', `${name}: ${z.prettifyError({ issues: error.issues.slice(0, MOST_PROBLEMS) })}`);
}
