/** Keys that work anywhere in the window, those a person has given to actions, and the help that lists these and those of the grid and fields. */

type Action = {
  what: string;
  /** as `keyOf` names them; the first is the one that is shown */
  keys: readonly string[];
  /** cannot be given another key */
  fixed?: true;
  /** also while something is typed */
  typing?: true;
};

export const actions = {
  palette: { what: 'Find an action, a preset, a run, a workspace', keys: ['Mod+K'], typing: true },
  search: { what: 'Search', keys: ['/'] },
  query: { what: 'Write the filters as text', keys: ['q'] },
  panel: { what: 'Show or hide the filter panel', keys: ['f'] },
  refresh: { what: 'Take in what is new', keys: ['r'] },
  sync: { what: 'Sync: fetch new and changed runs', keys: ['s'] },
  view: { what: 'What is here, and since when', keys: ['v'] },
  check: { what: 'Check the runs of this list with the server', keys: ['c'] },
  export: { what: 'Export', keys: ['e'] },
  next: { what: 'Next run', keys: ['n'] },
  previous: { what: 'Previous run', keys: ['p'] },
  tabs: { what: 'To the tabs of the run', keys: ['t'] },
  flow_run: { what: 'The flow run of the open run, as a whole', keys: ['g'] },
  bookmark: { what: 'Bookmark the run, or not', keys: ['b'] },
  seen: { what: 'Mark the run as seen, or not', keys: ['m'] },
  note: { what: 'Write a note on the run', keys: ['a'] },
  back: { what: 'Back', keys: ['Alt+ArrowLeft', 'Mod+['] },
  forward: { what: 'Forward', keys: ['Alt+ArrowRight', 'Mod+]'] },
  undo: { what: 'Undo the last change of filters, order, groups, columns or notes', keys: ['Mod+Z'] },
  redo: { what: 'Do it again', keys: ['Mod+Shift+Z', 'Mod+Y'] },
  close: { what: 'Choose none; then close the run; then go back to the list', keys: ['Escape'], fixed: true },
  keys: { what: 'These keys', keys: ['?'] },
} satisfies Record<string, Action>;

export type Shortcut = keyof typeof actions;
export const shortcuts = Object.keys(actions) as Shortcut[];
const actionOf = (name: Shortcut): Action => actions[name];

/** Action → its key, in the place of those it comes with. Names that no action has are passed over. */
export type OwnKeys = Readonly<Record<string, string>>;

/** The keys of an action. One that was given to another action is that one's. */
export function keysOf(name: Shortcut, own: OwnKeys): readonly string[] {
  const mine = own[name];
  if (mine !== undefined && !actionOf(name).fixed) return [mine];
  const given = shortcuts.flatMap((one) => (one === name ? [] : (own[one] ?? [])));
  return actionOf(name).keys.filter((key) => !given.includes(key));
}

/** The action that has the key; null: it is free. */
export function actionWith(key: string, own: OwnKeys): Shortcut | null {
  return shortcuts.find((name) => keysOf(name, own).includes(key)) ?? null;
}

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey' | 'defaultPrevented' | 'target'>;

/** The key's name: what it types, or its name, with the keys held beside it: `?`, `Mod+Shift+Z`, `Alt+ArrowLeft`. Mod is Ctrl or Cmd. */
export function keyOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Omit<Key, 'defaultPrevented' | 'target'>): string {
  const mod = ctrlKey || metaKey;
  const chord = mod || altKey;
  const name = key.length === 1 && chord ? key.toUpperCase() : key;
  const shift = shiftKey && (chord || key.length > 1);
  return [mod && 'Mod', altKey && 'Alt', shift && 'Shift', name].filter((part) => part !== false).join('+');
}

const names: Record<string, string> = {
  Mod: 'Ctrl/⌘',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  ' ': 'Space',
};

/** As it stands on the keyboard. */
export const keyWords = (key: string): string =>
  key
    .split(/\+(?!$)/)
    .map((part) => names[part] ?? part)
    .join(' ');

/** Why an action cannot have this key; null: it can. Keys that move in lists and fields, and those of the system, stay theirs. */
export function keyProblem(key: string): string | null {
  if (/^(Control|Shift|Alt|Meta|AltGraph|Dead|Process|Unidentified)$/.test(key.split('+').at(-1) ?? '')) return 'alone';
  if (/^(Shift\+)?(Tab|Enter|Escape| |Backspace|Delete|Arrow\w+|Home|End|Page\w+|ContextMenu)$/.test(key))
    return 'It moves and chooses in lists and fields';
  if (/^(Shift\+)?F8$/.test(key)) return 'The logs have it';
  if (/^Mod\+(Shift\+)?[ACVXTNWQ]$/.test(key)) return 'The system or the list has it';
  if (/^[jklxo]$/.test(key)) return 'The list has it';
  return null;
}

/** null while a dialog or menu is open, in a text field but for what is said to work there, and for a key of no action. */
export function shortcut(event: Key, dialogOpen: boolean, own: OwnKeys = {}): Shortcut | null {
  if (dialogOpen || event.defaultPrevented) return null;
  const name = actionWith(keyOf(event), own);
  if (name === null) return null;
  const at = event.target && 'closest' in event.target ? (event.target as Element) : null;
  if (at?.closest('[role="menu"], [role="dialog"]')) return null;
  const typing = at?.closest(
    'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]',
  );
  return typing && !actionOf(name).typing ? null : name;
}

type KeyHelp = { keys: string[]; what: string };

/** Keys of parts of the window; those that work anywhere are `actions`. */
export const keyHelp: readonly { title: string; keys: KeyHelp[] }[] = [
  {
    title: 'Logs',
    keys: [{ keys: ['F8'], what: 'Next error of the log on screen; with Shift, the previous one' }],
  },
  {
    title: 'Filters',
    keys: [
      { keys: ['↑', '↓'], what: 'Move in a list' },
      { keys: ['Space'], what: 'Include, or undo it' },
      { keys: ['x'], what: 'Exclude (Alt-click)' },
      { keys: ['o'], what: 'Only this' },
      { keys: ['↓'], what: 'In the empty search: what was asked before (Alt ↓ anywhere in it); Del forgets it' },
      { keys: ['Enter'], what: 'From the search into the list, as ↓ does where nothing was asked before' },
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
      { keys: ['l'], what: 'Open the run where the search has found it: at the log lines, the parameters' },
      { keys: ['Space'], what: 'Choose the run, or not (Ctrl/⌘-click)' },
      { keys: ['Shift'], what: 'With a click or a key that moves: choose from there to here' },
      { keys: ['Ctrl/⌘ A'], what: 'Choose all' },
      { keys: ['Ctrl/⌘ C'], what: 'Copy the chosen runs as a table' },
      { keys: ['Menu'], what: 'What can be done with the run (right click)' },
      { keys: ['↑'], what: 'From the first row: into the headers; Enter sorts, Shift adds' },
    ],
  },
  {
    title: 'List in groups',
    keys: [
      { keys: ['↑', '↓'], what: 'Move' },
      { keys: ['Enter'], what: 'Open the runs of the group' },
      { keys: ['g'], what: 'The flow run as a whole, or the task over time' },
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
