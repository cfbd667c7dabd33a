/** Memory for the chunks of a file, two pieces in turns: while a chunk is made, the one before may still be written. */

/** Each call gives as many bytes, of any content; they are the caller's until the call after the next. */
export function twoBuffers(): (bytes: number) => Buffer {
  let [next, other] = [Buffer.alloc(0), Buffer.alloc(0)];
  return (bytes) => {
    if (next.length < bytes) next = Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.5));
    const given = next.subarray(0, bytes);
    [next, other] = [other, next];
    return given;
  };
}
