/** Buffers of an answer that are transferred to the other thread instead of copied. */
const marked = new WeakMap<object, readonly ArrayBuffer[]>();

/**
 * Marks `bytes` of `answer` for transfer. Each must fill its buffer, since the whole buffer leaves this thread; the caller must not
 * read it afterwards.
 */
export function withTransfer<T extends object>(answer: T, ...bytes: Uint8Array<ArrayBuffer>[]): T {
  marked.set(
    answer,
    bytes.map(({ buffer }) => buffer),
  );
  return answer;
}

/** The buffers marked for this answer; none for any other value. */
export const transferOf = (answer: unknown): readonly ArrayBuffer[] =>
  (typeof answer === 'object' && answer !== null && marked.get(answer)) || [];
