/**
 * The CSRF token that some servers want with every POST, even one that only reads (PREFECT_SERVER_CSRF_PROTECTION_ENABLED). Most servers do
 * not, so the token is asked for only after a first refusal.
 */
import { randomUUID } from 'node:crypto';

/** `refused`: the server gives no tokens (422: disabled, 404: older than CSRF), so its 403 had another reason. */
export type CsrfAnswer = { token: string } | 'refused';

export function isCsrfRefusal(status: number, said: string): boolean {
  return status === 403 && /csrf|missing client identifier/i.test(said);
}

export class Csrf {
  /** A new token for the same client id replaces the old one on the server, so an id is never shared by two clients. */
  readonly #client = randomUUID();
  readonly #ask: (path: string) => Promise<CsrfAnswer>;
  #token: string | null = null;
  #asking: Promise<boolean> | null = null;

  constructor(ask: (path: string) => Promise<CsrfAnswer>) {
    this.#ask = ask;
  }

  /** The token in use; `refresh` is told which token was refused. */
  get token(): string | null {
    return this.#token;
  }

  headers(): Record<string, string> {
    return this.#token === null ? {} : { 'prefect-csrf-token': this.#token, 'prefect-csrf-client': this.#client };
  }

  /** Gets a new token, unless another caller got one since `refused` was sent. Returns false when the server gives none. */
  async refresh(refused: string | null): Promise<boolean> {
    if (this.#token !== refused) return true;
    this.#asking ??= this.#ask(`/csrf-token?client=${this.#client}`)
      .then((answer) => {
        this.#token = answer === 'refused' ? null : answer.token;
        return answer !== 'refused';
      })
      .finally(() => (this.#asking = null));
    return this.#asking;
  }
}
