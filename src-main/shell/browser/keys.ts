/** The secrets of one run of the browser host, 256 bits each: a ticket that works once, the page's session, the API's token. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secret = () => randomBytes(32).toString('hex');
const digest = (text: string) => createHash('sha256').update(text).digest();
/** Compares in constant time, also for texts of different length. */
const same = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

export class Keys {
  readonly token = secret();
  readonly #session = secret();
  readonly #cookie = `taskscope-${randomBytes(4).toString('hex')}`;
  #ticket: string | null = null;

  /** Makes a ticket; the previous one stops working. */
  newTicket(): string {
    this.#ticket = secret();
    return this.#ticket;
  }

  /** Trades the right ticket, once, for the value of a Set-Cookie header; null for any other. */
  trade(ticket: string): string | null {
    if (this.#ticket === null || !same(ticket, this.#ticket)) return null;
    this.#ticket = null;
    return `${this.#cookie}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`;
  }

  hasSession(cookieHeader: string | undefined): boolean {
    const wanted = `${this.#cookie}=`;
    const cookies = (cookieHeader ?? '').split(';').map((one) => one.trim());
    return cookies.some((one) => one.startsWith(wanted) && same(one.slice(wanted.length), this.#session));
  }

  hasToken(authorization: string | undefined): boolean {
    const match = /^Bearer +(.+)$/i.exec(authorization ?? '');
    return match !== null && same(match[1].trim(), this.token);
  }
}
