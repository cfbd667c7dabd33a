/** Keys that work anywhere in the window, and the help that lists these and those of the grid, the lists and the fields. */

type Shortcut =
  | 'search'
  | 'query'
  | 'panel'
  | 'refresh'
  | 'export'
  | 'sync'
  | 'view'
  | 'check'
  | 'keys'
  | 'next'
  | 'previous'
  | 'tabs'
  | 'flow_run'
  | 'close'
  | 'undo'
  | 'redo'
  | 'back'
  | 'forward';

const plain: Record<string, Shortcut> = {
  '/': 'search',
  q: 'query',
  f: 'panel',
  r: 'refresh',
  e: 'export',
  s: 'sync',
  v: 'view',
  c: 'check',
  '?': 'keys',
  n: 'next',
  p: 'previous',
  t: 'tabs',
  g: 'flow_run',
  Escape: 'close',
};

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey' | 'defaultPrevented' | 'target'>;

/** Ctrl or Cmd with Z, and with Y or Shift and Z. */
export function ofChanges({ key, shiftKey }: Key): Shortcut | null {
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo';
  return key.toLowerCase() === 'y' ? 'redo' : null;
}

const withAlt: Record<string, Shortcut> = { ArrowLeft: 'back', ArrowRight: 'forward' };
/** On a Mac, with Cmd. */
const withCommand: Record<string, Shortcut> = { '[': 'back', ']': 'forward' };

/** null in a text field, while a dialog or menu is open, and for any other key with Ctrl, Alt or Cmd. */
export function shortcut(event: Key, dialogOpen: boolean): Shortcut | null {
  if (dialogOpen || event.defaultPrevented) return null;
  const at = event.target && 'closest' in event.target ? (event.target as Element) : null;
  if (at?.closest('[role="menu"], [role="dialog"]')) return null;
  const typing = at?.closest(
    'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]',
  );
  if (typing) return null;
  if (event.altKey) return event.ctrlKey || event.metaKey ? null : (withAlt[event.key] ?? null);
  if (event.metaKey && withCommand[event.key]) return withCommand[event.key];
  if (event.ctrlKey || event.metaKey) return ofChanges(event);
  return plain[event.key] ?? null;
}

type KeyHelp = { keys: string[]; what: string };

export const keyHelp: readonly { title: string; keys: KeyHelp[] }[] = [
  {
    title: 'Anywhere',
    keys: [
      { keys: ['/'], what: 'Search' },
      { keys: ['q'], what: 'Write the filters as text' },
      { keys: ['f'], what: 'Show or hide the filter panel' },
      { keys: ['r'], what: 'Take in what is new' },
      { keys: ['s'], what: 'Sync: fetch new and changed runs' },
      { keys: ['v'], what: 'What is here, and since when' },
      { keys: ['c'], what: 'Check the runs of this list with the server' },
      { keys: ['e'], what: 'Export' },
      { keys: ['n', 'p'], what: 'Next and previous run' },
      { keys: ['t'], what: 'To the tabs of the run' },
      { keys: ['F8'], what: 'Next error of the log on screen; with Shift, the previous one' },
      { keys: ['g'], what: 'The flow run of the open run, as a whole' },
      { keys: ['Esc'], what: 'Choose none; then close the run; then go back to the list' },
      { keys: ['Alt ←', 'Alt →'], what: 'Back and forward, as in a browser (⌘ [ and ⌘ ])' },
      { keys: ['?'], what: 'These keys' },
    ],
  },
  {
    title: 'Filters',
    keys: [
      { keys: ['↑', '↓'], what: 'Move in a list' },
      { keys: ['Space'], what: 'Include, or undo it' },
      { keys: ['Ctrl/⌘ Z'], what: 'Undo the last change of filters or order; with Shift, redo it' },
      { keys: ['x'], what: 'Exclude (Alt-click)' },
      { keys: ['o'], what: 'Only this' },
      { keys: ['↓', 'Enter'], what: 'From the search into the list' },
      { keys: ['Backspace'], what: 'In the empty search: drop the last filter' },
    ],
  },
  {
    title: 'List of runs',
    keys: [
      { keys: ['↑', '↓', 'j', 'k'], what: 'Move' },
      { keys: ['PgUp', 'PgDn'], what: 'A screen at a time' },
      { keys: ['Home', 'End'], what: 'First and last run' },
      { keys: ['Enter'], what: 'Open the run' },
      { keys: ['Space'], what: 'Choose the run, or not (Ctrl/⌘-click)' },
      { keys: ['Shift'], what: 'With a click or a key that moves: choose from there to here' },
      { keys: ['Ctrl/⌘ A'], what: 'Choose all' },
      { keys: ['Ctrl/⌘ C'], what: 'Copy the chosen runs as a table' },
      { keys: ['Menu'], what: 'What can be done with the run (right click)' },
      { keys: ['↑'], what: 'From the first row: into the headers; Enter sorts, Shift adds' },
    ],
  },
  {
    title: 'Timeline of a flow run',
    keys: [
      { keys: ['→', '←'], what: 'Unfold, fold' },
      { keys: ['Enter'], what: 'Open the run' },
      { keys: ['+', '−'], what: 'Zoom in and out (Ctrl/⌘ and wheel)' },
      { keys: ['0'], what: 'The whole flow run' },
      { keys: ['Shift →', 'Shift ←'], what: 'Later and earlier (Shift and wheel, or drag)' },
    ],
  },
];
