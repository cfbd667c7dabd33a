/** The secrets of one run of the browser host: a ticket that works once, the page's session, the API's token. 256 bits each. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const secret = () => randomBytes(32).toString('hex');
const digest = (text: string) => createHash('sha256').update(text).digest();
/** Takes the same time wherever the first difference is, and for any length. */
const same = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

export class Keys {
  readonly token = secret();
  readonly #session = secret();
  readonly #cookie = `taskscope-${randomBytes(4).toString('hex')}`;
  #ticket: string | null = null;

  /** A ticket for an address; the one before it no longer works. */
  newTicket(): string {
    this.#ticket = secret();
    return this.#ticket;
  }

  /** The Set-Cookie header for the right ticket, which is used up by it; null for any other. */
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
