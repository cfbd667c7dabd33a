/** What a sync could not read, in words: the window and the command line say the same. */
import type { Skipped } from './sync.ts';

/** "Task run 1f…: HTTP 500: Internal Server Error"; the first of what could not be read, and how many more. */
export function skippedWords({ count, rows }: Skipped): string[] {
  const lines = rows.map(({ entity, id, reason }) => {
    const kind = entity.replace('_', ' ');
    return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}${id === null ? ' (id not known)' : ` ${id}`}: ${reason}`;
  });
  return count > rows.length ? [...lines, `and ${count - rows.length} more`] : lines;
}
