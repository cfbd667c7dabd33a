/** Records with a bound on their entries, as `max` of an array: counted before any of them is looked at. */
import { z } from 'zod';

/** `schema` for an object of at most `most` keys. Naming what is wrong with each of 200,000 entries held the main thread for 2 s. */
export function bounded<T extends z.ZodType>(schema: T, most: number): T {
  const counted = z.unknown().refine((value) => {
    let keys = 0;
    if (typeof value === 'object') for (const _ in value) if (++keys > most) return false;
    return true;
  }, `more than ${most} entries`);
  // the same values pass, so that the type stays the schema's own
  return counted.pipe(schema) as unknown as T;
}
