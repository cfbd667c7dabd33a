/** What has changed since the answer on screen, in words. */
import { formatCount } from '../../format.ts';

/** 'lost': something has changed, and it can no longer be said what. */
export type News = { added: number; failed: number; removed: number } | 'lost';

/** `43 new, 2 failed`, and `43 new` in a list of failures alone; null: rows changed in their places at most, which are read again by themselves. */
export function newsWords(news: News | null, failuresAlone = false): string | null {
  if (news === null) return null;
  if (news === 'lost') return 'List has changed';
  const { added, failed, removed } = news;
  if (added > 0)
    return `${formatCount(added)} new${failed > 0 && !failuresAlone ? `, ${formatCount(failed)} failed` : ''}`;
  return removed > 0 ? 'List has changed' : null;
}
