/** Maps keys to actions of the grid. */

type RowKeyState = {
  /** row under the keyboard, null: none yet */
  active: number | null;
  /** first row on screen */
  first: number;
  count: number;
  /** rows a page moves by */
  page: number;
};
type RowAction = { go: number } | 'header' | 'open' | 'toggle' | 'tabs' | 'flow_run' | 'found';

/** null: not a key of the rows */
export function rowAction(key: string, { active, first, count, page }: RowKeyState): RowAction | null {
  const here = active ?? first - 1;
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return { go: here + 1 };
    case 'ArrowUp':
      if (active === 0 || count === 0) return 'header';
      return { go: active === null ? first : here - 1 };
    case 'k':
      return { go: active === null ? first : here - 1 };
    case 'PageDown':
      return { go: here + page };
    case 'PageUp':
      return { go: here - page };
    case 'Home':
      return { go: 0 };
    case 'End':
      return { go: count - 1 };
    case 'Enter':
      return 'open';
    case ' ':
      return 'toggle';
    case 't':
      return 'tabs';
    case 'g':
      return 'flow_run';
    case 'l':
      return 'found';
    default:
      return null;
  }
}

/** What Ctrl or Cmd with a key does; null: not a key of the rows */
export function chordAction(key: string): 'all' | 'copy' | 'toggle' | null {
  if (key === ' ') return 'toggle';
  const letter = key.toLowerCase();
  return letter === 'a' ? 'all' : letter === 'c' ? 'copy' : null;
}

type HeadKey = { key: string; altKey: boolean; shiftKey: boolean };
/** `side`: -1 left, 1 right */
type HeadAction = { do: 'reorder' | 'resize' | 'choose'; side: number } | { do: 'sort'; add: boolean } | { do: 'rows' };

/** null: not a key of the header */
export function headAction({ key, altKey, shiftKey }: HeadKey): HeadAction | null {
  const side = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  if (side !== 0) return { do: altKey ? (shiftKey ? 'reorder' : 'resize') : 'choose', side };
  if (key === 'Enter' || key === ' ') return { do: 'sort', add: shiftKey };
  if (key === 'ArrowDown' || key === 'j') return { do: 'rows' };
  return null;
}
