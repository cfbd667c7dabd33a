/** Where a search has found its words, for the runs on screen. Their texts are read again: the full-text index holds which runs have a word and nothing else. */
import { FoundLines, placesIn, type Found, type Search } from '../../contract/found-in.ts';
import { jsonTexts } from '../../contract/texts-in-json.ts';
import { BEFORE_LINES } from '../../contract/run.ts';
import { searchTerms, termText } from '../../contract/search-text.ts';
import * as rowSet from '../../query/columns/row-set.ts';
import type { Engine } from '../../query/engine.ts';
import { isObject } from '../../store/layout.ts';
import type { Reader } from '../../store/read/reader.ts';
import { nextTurn } from './turn.ts';

/** Lines of one run among which those found are counted: 100 ms, in pieces of LINES. */
const MOST_LINES = 20_000;
/** Lines, and their characters, that are looked at before other calls get a turn: 10 ms. */
const LINES = 2_000;
const CHARACTERS = 1_000_000;

/** In the order of `ids`; null: the run is not in the archive. Rejects when `signal` is aborted. */
export async function foundInRuns(
  engine: Engine,
  reader: Reader,
  { search, ids }: { search: Search; ids: readonly string[] },
  signal: AbortSignal,
): Promise<(Found | null)[]> {
  // the question on screen has made these masks; FTS5 reads a word's rows from the first on to tell of one, 50 ms at a million
  const inLogs = searchTerms(`${search.log} ${search.text}`)
    .filter(({ not }) => !not)
    .map((term) => engine.mask('task_run', { log: termText(term) }, Date.now() * 1000));
  const parametersOf = readParameters(reader);
  const notes = ['note', 'failure_note', 'flow_run.note'].map((path) => engine.accessor(path));
  const notesOf = (rid: number) => notes.map((note) => note(rid) as string | null);
  const found: (Found | null)[] = [];
  for (const id of ids) {
    const rid = engine.ridOf('task_run', id);
    if (rid === null) found.push(null);
    else {
      const kept = reader.activity(id, Infinity, 0);
      const texts = { message: messageOf(reader, rid), parameters: parametersOf(rid), notes: notesOf(rid) };
      const places = placesIn(search, { ...texts, artifacts: kept?.artifacts ?? [], history: kept?.history ?? [] });
      const isIn = inLogs.some((mask) => rowSet.has(mask, rid));
      found.push({
        places,
        ...(isIn ? await linesFound(reader, id, search, signal) : { lines: 0, all: true, find: '' }),
      });
    }
    await nextTurn(signal);
  }
  return found;
}

async function linesFound(
  reader: Reader,
  id: string,
  search: Search,
  signal: AbortSignal,
): Promise<Omit<Found, 'places'>> {
  const count = new FoundLines(search);
  let place = BEFORE_LINES;
  for (let read = 0; read < MOST_LINES;) {
    const lines = reader.lines(id, place, LINES, CHARACTERS);
    const last = lines.at(-1);
    if (!last) return { ...count.found, all: true };
    count.take(lines);
    place = last;
    read += lines.length;
    await nextTurn(signal);
  }
  return { ...count.found, all: reader.lines(id, place, 1).length === 0 };
}

function messageOf(reader: Reader, rid: number): string | null {
  const row: unknown = JSON.parse(reader.json('task_run', [rid])[0] ?? 'null');
  const state = isObject(row) ? row.state : null;
  return isObject(state) && typeof state.message === 'string' ? state.message : null;
}

/** Parameters of a task run's flow run. Runs of one flow run stand beside each other: its last answer is kept. */
function readParameters(reader: Reader): (rid: number) => string[] {
  let last: { flowRun: number; texts: string[] } | null = null;
  return (rid) => {
    const [flowRun = 0] = reader.parents('task_run', 'flow_run', [rid]);
    if (flowRun === 0) return [];
    if (last?.flowRun !== flowRun) {
      const row: unknown = JSON.parse(reader.json('flow_run', [flowRun])[0] ?? 'null');
      last = { flowRun, texts: isObject(row) ? jsonTexts(row.parameters) : [] };
    }
    return last.texts;
  };
}
