/** What VirtualGrid is given: the result and its place come from outside, the grid keeps only where it is scrolled to. */
import type { SortKey } from '../../../src-main/contract/query.ts';
import type { TaskRunRow } from '../../../src-main/contract/run.ts';
import type { CellValue, ColumnChoice } from '../../grid-columns.ts';

export type GridProps = {
  /** which columns, in which order and width; see chosenColumns() for the default */
  columns: ColumnChoice[];
  /** how many of the first columns stay in place while the list is scrolled sideways, as far as there is room */
  frozen?: number;
  /** resized, reordered, added or removed; during a resize at every move of the pointer */
  oncolumns: (next: ColumnChoice[]) => void;
  sort: readonly SortKey[];
  /** a header was used; `add` with Shift: one more key */
  onsort: (field: string, add: boolean) => void;
  /** rows of the whole result */
  count: number;
  /** null: not loaded; reading it must be reactive */
  rowAt: (index: number) => TaskRunRow | null;
  /** rows [from, to) are on screen or about to be and some are not loaded; asked again at every scroll step until they are */
  onneed: (from: number, to: number) => void;
  /** id of the open run, marked in the list */
  selected: string | null;
  /** where it is in the result, null when unknown or not in it */
  selectedIndex?: number | null;
  /** grows: scroll `selectedIndex` into view */
  reveal?: number;
  /** another object: to the first row, or to `row` */
  top?: { row: number };
  /** another object: as many rows came in above those on screen, which stay where they are */
  moved?: { by: number };
  /** rows [from, to) are on screen, each at least in part */
  onsee?: (from: number, to: number) => void;
  /** the keyboard came to a row that is loaded */
  onselect?: (index: number, row: TaskRunRow) => void;
  /** clicked, or Enter */
  onopen: (index: number, row: TaskRunRow) => void;
  /** whether the row is one of several that are chosen; reading it must be reactive */
  isChosen?: (id: string) => boolean;
  /** whether the row came to match the preset on screen since the person last looked; reading it must be reactive */
  isNew?: (id: string) => boolean;
  /** where the searched words stand in a row, in words: `first` can be gone to. null: nothing is said; reading it must be reactive */
  foundIn?: (id: string) => { first: string; rest: string } | null;
  /** whether the run took longer than is usual; reading it must be reactive */
  isOver?: (id: string) => boolean;
  /** to where the searched words stand in this run */
  onfound?: (index: number, row: TaskRunRow) => void;
  /** places of the searched words in a text; null: nothing is searched for */
  hits?: ((text: string) => [from: number, to: number][]) | null;
  /** a value that the rows do not hold, see isMoreColumn; undefined: not read yet. Reading it must be reactive */
  moreOf?: (id: string, field: string) => CellValue | undefined;
  /** paths into the rows' JSON that can be columns, the most frequent first; `share`: of rows that have a value there, 0 to 1. Left out: none are offered */
  readPaths?: () => Promise<{ path: string; share: number }[]>;
  /** Ctrl or Cmd with a click, or Space */
  ontoggle?: (index: number, row: TaskRunRow) => void;
  /** Shift with a click or a key that moves: the rows from the last chosen one, or else from `from`, to `to` */
  onextend?: (from: number, to: number) => void;
  /** Ctrl or Cmd with A */
  onall?: () => void;
  /** Ctrl or Cmd with C, without any text marked; `row` under the keyboard */
  oncopy?: (row: TaskRunRow | null) => void;
  /** the menu of a row, at a place of the window in px; `field`: the column that was clicked, null: none */
  onmenu?: (index: number, row: TaskRunRow, at: { x: number; y: number }, field: string | null) => void;
  /** the menu of a column's header; `from` is the grid */
  onheadmenu?: (field: string, at: { x: number; y: number; from: HTMLElement }) => void;
  /** the keyboard goes on to what an open run says */
  ontabs?: () => void;
  /** the flow run of the row is wanted as a whole */
  onflowrun?: (row: TaskRunRow) => void;
  /** now, µs: durations of what is running grow with it */
  now: number;
  utc?: boolean;
  /** what a task is called, by its key */
  taskName?: (key: string) => string;
  label?: string;
};
