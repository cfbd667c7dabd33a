/** Sends a server one request until it is answered: budget, retries, CSRF and TLS failures, with one AppError in the end. */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../contract/errors.ts';
import { apiUrlGuesses, isCloud } from './address.ts';
import { budgetFor, type Budget } from './budget.ts';
import type { Connection } from './connection.ts';
import { Csrf, isCsrfRefusal, type CsrfAnswer } from './csrf.ts';
import {
  badReply,
  fromStatus,
  fromThrown,
  isBadAnswer,
  isTooLarge,
  notPrefect,
  tooLarge,
  type Failure,
} from './failures.ts';
import { backoff, LONGEST_WAIT, MAX_RETRIES, parseRetryAfter, sleep as realSleep, type Sleep } from './retry.ts';
import { parseReply, type Parsed } from './rows.ts';
import { redactor, secretHeaders } from './secrets.ts';
import { defaultTimeouts, type Timeouts } from './dispatcher.ts';
import { openTransport, type Reply, type Transport } from './transport.ts';
import { csrfTokenSchema, healthSchema } from './wire.ts';

/** A connection, and what tests replace. */
export type ClientSettings = Connection & {
  userAgent?: string;
  timeouts?: Partial<Timeouts>;
  /** where proxies are named */
  env?: Record<string, string | undefined>;
  /** otherwise the one of the server's origin */
  budget?: Budget;
  /** bytes of one reply, unpacked; otherwise LARGEST_REPLY */
  largestReply?: number;
  sleep?: Sleep;
  random?: () => number;
};

export type Wait = { seconds: number; reason: 'busy' | 'retry' };
export type AskOptions = {
  signal?: AbortSignal;
  /** a person waits for the answer: the request goes before patient ones */
  urgent?: boolean;
  /** most further attempts after a reply that failed, came too late or cannot be used; otherwise the SDK's number */
  retries?: number;
  /** an address is being tried: no attempt is repeated, also not after a broken connection */
  once?: boolean;
  /** called before each wait, and with null after it */
  onWait?: (wait: Wait | null) => void;
};

/** `oneRow`: a 404 means that the row does not exist (NOT_FOUND), not that the address is no Prefect API. */
export type ServerRequest = { method: 'GET' | 'POST'; path: string; body?: unknown; oneRow?: boolean };
/** `serverTime`: µs by the server's clock (Date header, whole seconds); null without the header. */
export type Answered = Parsed & { serverTime: number | null };

const USER_AGENT = 'taskscope/0.1.0';

export class Exchange {
  readonly #settings: ClientSettings;
  readonly #secret: Record<string, string>;
  readonly #redact: (text: string) => string;
  readonly #transport: Transport;
  readonly #budget: Budget;
  readonly #csrf: Csrf;
  readonly #sleep: Sleep;
  readonly #random: () => number;
  readonly #guesses: string[];
  #base: Promise<string> | null = null;
  #answeredOnce = false;

  /** Throws BAD_INPUT for an address or a header that cannot be used. Contacts nothing. */
  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#guesses = apiUrlGuesses(settings.api_url);
    const first = this.#guesses[0];
    this.#secret = secretHeaders(settings.auth, settings.headers);
    this.#redact = redactor(settings.auth, settings.headers);
    this.#transport = openTransport(first, {
      insecure_tls: settings.insecure_tls ?? false,
      ca_file: settings.ca_file ?? null,
      timeouts: { ...defaultTimeouts, ...settings.timeouts },
      ...(settings.env ? { env: settings.env } : {}),
      ...(settings.largestReply ? { largestReply: settings.largestReply } : {}),
    });
    this.#budget = settings.budget ?? budgetFor(new URL(first).origin, isCloud(first));
    this.#csrf = new Csrf((path) => this.#askForToken(path));
    this.#sleep = settings.sleep ?? realSleep;
    this.#random = settings.random ?? Math.random;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** The API's exact address: the only guess, or the first one whose /health answers as Prefect does. */
  async apiUrl(options: AskOptions = {}): Promise<string> {
    this.#base ??= this.#findBase(options).catch((thrown: unknown) => {
      this.#base = null;
      throw thrown;
    });
    return this.#base;
  }

  async #findBase(options: AskOptions): Promise<string> {
    if (this.#guesses.length === 1) return this.#guesses[0];
    let first: AppError | null = null;
    for (const guess of this.#guesses) {
      try {
        const { value } = await this.#askAt(guess, { method: 'GET', path: '/health' }, options);
        if (healthSchema.safeParse(value).success) return guess;
        first ??= notPrefect(guess, '/health did not answer `true`').error;
      } catch (thrown) {
        // after a wrong answer another path may be right; after no answer no path of that host is
        if (
          !(thrown instanceof AppError) ||
          (thrown.code !== 'SERVER_NOT_PREFECT' && thrown.code !== 'SERVER_REJECTED')
        )
          throw thrown;
        first ??= thrown;
      }
    }
    throw first ?? notPrefect(this.#settings.api_url, 'no address to try').error;
  }

  /** Throws one AppError of the SERVER_ codes, NOT_FOUND or CANCELLED. `value` is parsed JSON, not yet checked. */
  async ask(request: ServerRequest, options: AskOptions = {}): Promise<Answered> {
    return this.#askAt(await this.apiUrl(options), request, options);
  }

  async #askAt(base: string, request: ServerRequest, options: AskOptions): Promise<Answered> {
    const { signal } = options;
    let csrfTried = false;
    for (let tries = 0; ;) {
      const token = this.#csrf.token;
      const answer = await this.#once(base, request, options);
      if (!('error' in answer)) {
        this.#answeredOnce = true;
        return answer;
      }
      if (answer.error.code === 'SERVER_BUSY' && answer.error.details['status'] === 429) this.#budget.busy();
      if (!answer.unreachable) this.#answeredOnce = true;

      const said = answer.error.details['said'];
      if (!csrfTried && isCsrfRefusal(Number(answer.error.details['status']), typeof said === 'string' ? said : '')) {
        csrfTried = true;
        if (await this.#csrf.refresh(token)) continue;
      }
      const wait = options.once ? null : this.#waitAfter(answer, tries, options.retries ?? MAX_RETRIES);
      if (wait === null) throw answer.error;
      if (answer.again !== 'endless') tries += 1;
      if (answer.again !== 'soon') this.#budget.pause(wait);
      options.onWait?.({ seconds: wait, reason: answer.again === 'soon' ? 'retry' : 'busy' });
      await this.#sleep(wait, signal);
      options.onWait?.(null);
    }
  }

  /** Seconds until the next try; null: no further one. */
  #waitAfter({ again, after, unreachable, error }: Failure, tries: number, retries: number): number | null {
    if (again === 'never') return null;
    // a server that has answered before may be restarting; an address that never has is probably wrong, which a person waits to hear
    if (unreachable && !this.#answeredOnce) return null;
    // a broken reply stays broken more often than a broken connection does
    const most = !isBadAnswer(error) ? MAX_RETRIES : error.code === 'SERVER_BAD_REPLY' ? Math.min(3, retries) : retries;
    if (again !== 'endless' && tries >= most) return null;
    if (after !== null && after > LONGEST_WAIT && again !== 'endless') return null;
    return after === null ? backoff(tries, this.#random) : Math.min(after, LONGEST_WAIT) + this.#random() / 4;
  }

  async #once(base: string, request: ServerRequest, options: AskOptions): Promise<Answered | Failure> {
    const url = base + request.path;
    const release = await this.#budget.take(options.signal, options.urgent);
    let reply: Reply;
    try {
      reply = await this.#send(url, request, options.signal);
    } catch (thrown) {
      if (options.signal?.aborted) throw new AppError('CANCELLED', 'cancelled');
      return this.#clean(
        isTooLarge(thrown)
          ? tooLarge(url)
          : isZlib(thrown)
            ? badReply(url, 'its compression is broken')
            : fromThrown(thrown, url, this.#transport.proxy),
      );
    } finally {
      release();
    }
    return this.#clean(this.#read(reply, url, request));
  }

  async #send(url: string, { method, body }: ServerRequest, signal: AbortSignal | undefined): Promise<Reply> {
    const headers: Record<string, string> = {
      ...this.#secret,
      'user-agent': this.#settings.userAgent ?? USER_AGENT,
      ...(method === 'POST' ? { 'content-type': 'application/json', ...this.#csrf.headers() } : {}),
    };
    return this.#transport.send(method, url, headers, method === 'POST' ? JSON.stringify(body ?? {}) : null, signal);
  }

  #read(reply: Reply, url: string, request: ServerRequest): Answered | Failure {
    const { status } = reply;
    const html = /\bhtml\b/i.test(reply.header('content-type') ?? '');
    if (status >= 300 && status < 400) {
      // not followed, since the secrets would go along; the error's words offer the other address
      const target = reply.header('location');
      const to = target && URL.canParse(target, url) ? new URL(target, url).origin : '';
      return notPrefect(url, `it redirects${to ? ` to ${to}` : ''}`, { status, ...(to ? { redirect: to } : {}) });
    }
    if (status < 200 || status >= 300) {
      const retryAfter = parseRetryAfter(reply.header('retry-after'), Date.now());
      const maintenance = (reply.header('prefect-maintenance') ?? '').toLowerCase() === 'true';
      const body = reply.body.toString('utf8');
      return fromStatus({ status, body, html, retryAfter, maintenance }, url, request.oneRow ?? false);
    }
    if (html) return notPrefect(url, 'it answers with a web page', { status });
    if (!isUtf8(reply.body)) return badReply(url, 'it is not UTF-8');
    const date = Date.parse(reply.header('date') ?? '');
    const serverTime = Number.isNaN(date) ? null : date * 1000;
    try {
      return { ...parseReply(reply.body.toString('utf8')), serverTime };
    } catch {
      return badReply(url, 'it is not JSON, or only the beginning of it');
    }
  }

  /** Removes secrets from an error: a server may echo what it was sent. */
  #clean(answer: Answered | Failure): Answered | Failure {
    if (!('error' in answer)) return answer;
    const { code, message, details } = answer.error;
    const clean = Object.fromEntries(
      Object.entries(details).map(([key, value]) => [key, typeof value === 'string' ? this.#redact(value) : value]),
    );
    return { ...answer, error: new AppError(code, this.#redact(message), clean) };
  }

  async #askForToken(path: string): Promise<CsrfAnswer> {
    try {
      const { value } = await this.ask({ method: 'GET', path });
      const parsed = csrfTokenSchema.safeParse(value);
      return parsed.success ? parsed.data : 'refused';
    } catch (thrown) {
      const none = thrown instanceof AppError && ['SERVER_REJECTED', 'SERVER_NOT_PREFECT'].includes(thrown.code);
      if (none) return 'refused';
      throw thrown;
    }
  }
}

function isZlib(thrown: unknown): boolean {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && code.startsWith('Z_');
}
