/** The vocabulary of a contract. Only types and two constructors: contracts import this, nothing here imports a contract. */
import type { z } from 'zod';

export type Call<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> = {
  kind: 'call';
  input: I;
  output: O;
};
type Stream<I extends z.ZodType = z.ZodType, T extends z.ZodType = z.ZodType> = {
  kind: 'stream';
  input: I;
  item: T;
};
export type AnyContract = Record<string, Call | Stream>;

export function call<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Call<I, O> {
  return { kind: 'call', input, output };
}

export function stream<I extends z.ZodType, T extends z.ZodType>(input: I, item: T): Stream<I, T> {
  return { kind: 'stream', input, item };
}

export type Context = { signal: AbortSignal };

/** What the serving side must provide: a missing or misspelt handler does not compile. */
export type Handlers<C extends AnyContract> = {
  [K in keyof C]: C[K] extends Call<infer I, infer O>
    ? (input: z.output<I>, context: Context) => Promise<z.input<O>> | z.input<O>
    : C[K] extends Stream<infer I, infer T>
      ? (input: z.output<I>, context: Context) => AsyncIterable<z.input<T>>
      : never;
};

export type Options = { signal?: AbortSignal };

/** What the asking side gets. Breaking out of a stream's `for await` cancels it at the source. */
export type Client<C extends AnyContract> = {
  [K in keyof C]: C[K] extends Call<infer I, infer O>
    ? (input: z.input<I>, options?: Options) => Promise<z.output<O>>
    : C[K] extends Stream<infer I, infer T>
      ? (input: z.input<I>, options?: Options) => AsyncGenerator<z.output<T>, void, undefined>
      : never;
};
