/** A node:test reporter that writes one JSON line: the counts of the whole run. */
type Event = { type: string; data: { file?: string; counts?: Record<string, number> } };

export default async function* count(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    // one summary a file, and one without a file for them all
    if (type !== 'test:summary' || data.file !== undefined || !data.counts) continue;
    const { passed = 0, failed = 0, cancelled = 0, skipped = 0, todo = 0 } = data.counts;
    yield `${JSON.stringify({ passed, failed: failed + cancelled, skipped: skipped + todo })}\n`;
  }
}
