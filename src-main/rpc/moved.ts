/** Buffers of an answer that are transferred to the other thread instead of copied. */
const moving = new WeakMap<object, readonly ArrayBuffer[]>();

/**
 * Marks `bytes` of `answer` for transfer. Each must fill its buffer, since the whole buffer leaves this thread; the caller must not
 * read it afterwards.
 */
export function moved<T extends object>(answer: T, ...bytes: Uint8Array<ArrayBuffer>[]): T {
  moving.set(
    answer,
    bytes.map(({ buffer }) => buffer),
  );
  return answer;
}

/** The buffers marked for this answer; none for any other value. */
export const movedWith = (answer: unknown): readonly ArrayBuffer[] =>
  (typeof answer === 'object' && answer !== null && moving.get(answer)) || [];
