import type { ExportKind } from '../../../src-main/contract/export.ts';
import { formatTime } from '../../../src-main/contract/time.ts';

/** `production_failed-last-24-h_2026-11-23.csv`: workspace, preset, what it is unless runs, day in UTC; safe on every file system. */
export function exportName({ workspace, preset, what, ending }: Named, now: number): string {
  const plain = (text: string) =>
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40);
  const parts = [plain(workspace), plain(preset ?? ''), what === 'runs' ? '' : what, formatTime(now).slice(0, 10)];
  return parts.filter((part) => part !== '').join('_') + ending;
}

type Named = {
  workspace: string;
  preset: string | null;
  what: ExportKind | 'case' | 'chart' | 'groups';
  /** `.csv`; of a folder empty */
  ending: string;
};
