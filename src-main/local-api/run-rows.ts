/**
 * Runs in the shapes of Prefect 3.8.8's replies, with the two fields the server computes as it answers. Values are cut from the text
 * the server sent and never parsed and written again, so numbers too large for a Float64 and the order of keys survive.
 */
import { terminalStateTypes } from '../contract/fields.ts';
import { parseTime } from '../contract/time.ts';
import { kernel, memoryOf } from './rows/memory.ts';

/** TaskRunResponse of 3.8.8: what /task_runs/paginate gives of a row. */
const paginateKeys = [
  'id',
  'created',
  'updated',
  'name',
  'flow_run_id',
  'task_key',
  'state_id',
  'state',
  'task_version',
  'task_inputs',
  'empirical_policy',
  'tags',
  'start_time',
  'end_time',
  'total_run_time',
  'estimated_run_time',
  'estimated_start_time_delta',
] as const;

/** What the two estimates are made of, besides. */
const estimateKeys = ['state_type', 'expected_start_time'] as const;
const names = [...paginateKeys, ...estimateKeys];
const slotOf = (key: (typeof names)[number]): number => names.indexOf(key);
const [STATE, START, TOTAL, RUN_TIME, DELTA, TYPE, EXPECTED] = [
  slotOf('state'),
  slotOf('start_time'),
  slotOf('total_run_time'),
  slotOf('estimated_run_time'),
  slotOf('estimated_start_time_delta'),
  slotOf('state_type'),
  slotOf('expected_start_time'),
];

// the kernels' tables of addresses and sizes, 8 bytes a slot, and the texts they point to
const TABLES = 4096;
const SLOT = 8;
const TABLE = names.length * SLOT;
const [KEYS, LABELS, OWN, SPANS] = [TABLES, TABLES + TABLE, TABLES + 2 * TABLE, TABLES + 3 * TABLE];
/** room for each of the two estimates: a Float64 takes 25 characters at most */
const ESTIMATE_BYTES = 32;
const ESTIMATES = TABLES + 4 * TABLE;
const TEXTS = ESTIMATES + 2 * ESTIMATE_BYTES;
const LABEL_BYTES = 32 * paginateKeys.length;
const ROW = 64 * 1024;

function layOut(): void {
  const memory = memoryOf(ROW);
  let at = TEXTS;
  const put = (table: number, slot: number, text: string) => {
    memory.writeUInt32LE(at, table + slot * SLOT);
    memory.writeUInt32LE(text.length, table + slot * SLOT + 4);
    at += memory.write(text, at, 'latin1');
  };
  names.forEach((name, slot) => put(KEYS, slot, name));
  paginateKeys.forEach((name, slot) => put(LABELS, slot, `${slot === 0 ? '{' : ','}"${name}":`));
}
layOut();

/** `paginated`: a task run as /paginate gives it, fewer fields in one order, one that the row lacks null. `full`: as /filter and GET do. */
export type Shape = 'paginated' | 'full';

/** Rows of one reply, one after the other with commas between. */
export class RunRows {
  readonly #shape: Shape;
  readonly #now: number;
  /** of the memory behind the tables, from ROW on */
  #out = ROW;
  #isFirst = true;

  /** `now` in µs. Only one at a time: they share the kernels' memory. */
  constructor(shape: Shape, now: number) {
    this.#shape = shape;
    this.#now = now;
  }

  /** `row`: the JSON of an object in UTF-8, as JSON.parse has taken it. */
  add(row: Uint8Array): void {
    // the row is put behind what it becomes
    const text = this.#out + row.length + LABEL_BYTES + 2 * ESTIMATE_BYTES + 64;
    const memory = memoryOf(text + row.length + 64);
    memory.set(row, text);
    if (!this.#isFirst) memory[this.#out++] = 0x2c;
    this.#isFirst = false;
    kernel.find(text, row.length, KEYS, names.length, SPANS);
    estimate(memory, text, this.#now);
    this.#out =
      this.#shape === 'paginated'
        ? kernel.cut(text, SPANS, LABELS, OWN, paginateKeys.length, this.#out)
        : kernel.replaced(text, row.length, SPANS, OWN, RUN_TIME, DELTA, this.#out);
  }

  /** In memory of its own. What stands around them is ASCII. */
  reply(before: string, after: string): Uint8Array<ArrayBuffer> {
    const rows = memoryOf().subarray(ROW, this.#out);
    const reply = Buffer.from(new ArrayBuffer(before.length + rows.length + after.length));
    reply.write(before, 0, 'latin1');
    reply.set(rows, before.length);
    reply.write(after, before.length + rows.length, 'latin1');
    return reply;
  }
}

/** Writes both estimates where `cut` and `replaced` look for them. */
function estimate(memory: Buffer, text: number, now: number): void {
  const stateType = stringOf(memory, text, TYPE);
  const running = stateType === 'RUNNING' ? stateTime(memory, text) : null;
  const total = running === null ? null : Number(cutText(memory, text, TOTAL) ?? 0);
  if (running === null || total === null) {
    // as it was stored, digit for digit
    const from = memory.readUInt32LE(SPANS + TOTAL * SLOT);
    if (from > 0) own(memory, RUN_TIME, text + from, memory.readUInt32LE(SPANS + TOTAL * SLOT + 4) - from);
    else ownText(memory, RUN_TIME, '0.0');
  } else ownText(memory, RUN_TIME, seconds(total * 1e6 + now - running));
  ownText(memory, DELTA, seconds(lateness(memory, text, stateType, now)));
}

function own(memory: Buffer, slot: number, at: number, size: number): void {
  memory.writeUInt32LE(at, OWN + slot * SLOT);
  memory.writeUInt32LE(size, OWN + slot * SLOT + 4);
}

function ownText(memory: Buffer, slot: number, value: string): void {
  const at = ESTIMATES + (slot === DELTA ? ESTIMATE_BYTES : 0);
  own(memory, slot, at, memory.write(value, at, ESTIMATE_BYTES, 'latin1'));
}

function stateTime(memory: Buffer, text: number): number | null {
  const state = JSON.parse(cutText(memory, text, STATE) ?? 'null') as { timestamp?: string } | null;
  return state?.timestamp ? parseTime(state.timestamp) : null;
}

/** µs between expected and actual start, or until now for a run that should have started. */
function lateness(memory: Buffer, text: number, stateType: string | null, now: number): number {
  const expected = timeOf(memory, text, EXPECTED);
  if (expected === null) return 0;
  const started = timeOf(memory, text, START);
  if (started !== null) return Math.max(0, started - expected);
  return expected < now && !terminalStateTypes.includes(String(stateType)) ? now - expected : 0;
}

function timeOf(memory: Buffer, text: number, slot: number): number | null {
  const value = stringOf(memory, text, slot);
  return value === null ? null : parseTime(value);
}

/** The value's text; null when the row does not have it. */
function cutText(memory: Buffer, text: number, slot: number): string | null {
  const from = memory.readUInt32LE(SPANS + slot * SLOT);
  return from === 0 ? null : memory.toString('utf8', text + from, text + memory.readUInt32LE(SPANS + slot * SLOT + 4));
}

/** null when it is no string or not there */
function stringOf(memory: Buffer, text: number, slot: number): string | null {
  const from = memory.readUInt32LE(SPANS + slot * SLOT);
  if (from === 0 || memory[text + from] !== 0x22) return null;
  const to = memory.readUInt32LE(SPANS + slot * SLOT + 4);
  const inside = memory.toString('latin1', text + from + 1, text + to - 1);
  return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
}

/** µs as seconds, written the way Python writes a float. */
function seconds(micros: number): string {
  const value = micros / 1e6;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
