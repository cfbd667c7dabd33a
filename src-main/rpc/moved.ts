/** Memory of an answer that goes to the other thread instead of being copied: who made the answer must not look at it any more. */
const moving = new WeakMap<object, readonly ArrayBuffer[]>();

/** `bytes`: all of their own buffer, else what else is in it would go too. */
export function moved<T extends object>(answer: T, ...bytes: Uint8Array<ArrayBuffer>[]): T {
  moving.set(
    answer,
    bytes.map(({ buffer }) => buffer),
  );
  return answer;
}

export const movedWith = (answer: unknown): readonly ArrayBuffer[] =>
  (typeof answer === 'object' && answer !== null && moving.get(answer)) || [];
