/** What a notice says. */
const MOST_LINES = 4;
const counts = new Intl.NumberFormat('en-US');

/** `news`: presets by name, with their new matches; at least one. */
export function noticeWords(
  workspace: string,
  news: readonly { name: string; count: number }[],
): { title: string; body: string } {
  const [first, ...others] = news;
  if (first && others.length === 0)
    return { title: `${counts.format(first.count)} new in “${first.name}”`, body: workspace };
  const total = news.reduce((sum, { count }) => sum + count, 0);
  const lines = news.slice(0, MOST_LINES).map(({ name, count }) => `${name}: ${counts.format(count)}`);
  if (news.length > MOST_LINES) lines.push(`and ${news.length - MOST_LINES} more`);
  return { title: `${counts.format(total)} new in ${news.length} presets`, body: [workspace, ...lines].join('\n') };
}
