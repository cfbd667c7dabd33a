/**
 * The members of a row that are kept: those the contract has a field for, and what else the sync steers by. Each has a slot in the
 * row's record and a number by which the kernel knows all of this.
 */
import { computedKeys, entities, fieldsOf, type FieldKind } from '../../contract/fields.ts';

export type Key = {
  name: string;
  slot: number;
  /** its place among the times; -1: is none */
  time: number;
  /** the row's own id */
  isId: boolean;
  /** often the same as in the row before */
  isShared: boolean;
  inside: readonly Key[];
};
type Kinds = Record<string, FieldKind>;

/** What is kept of an object. */
const insides: Record<string, Kinds> = {
  state: { type: 'term', name: 'term', timestamp: 'time', message: 'text' },
  created_by: { id: 'term', type: 'term' },
};
/** Fields that are made here, or out of `insides`. */
const notSent = ['duration', 'wait', 'gone', 'failure', 'start_or_expected_time', 'state_timestamp', 'created_by_id', 'created_by_type']; // prettier-ignore
const sent = Object.fromEntries<FieldKind>([
  ...entities.flatMap((entity) => fieldsOf(entity).map(([name, { kind }]): [string, FieldKind] => [name, kind])),
  ...['state_id', 'state'].map((name) => [name, 'text'] as const),
]);
for (const name of notSent) delete sent[name];

let slots = 0;
let times = 0;
const keysOf = (kinds: Kinds): readonly Key[] =>
  Object.entries(kinds).map(([name, kind]) => {
    const isId = kinds === sent && name === 'id';
    return {
      name,
      slot: slots++,
      time: kind === 'time' ? times++ : -1,
      isId,
      isShared: kind === 'term' || kind === 'tags' || (kind === 'uuid' && !isId),
      inside: keysOf(insides[name] ?? {}),
    };
  });

export const keys = keysOf(sent);
export const slotCount = slots;
export const timeCount = times;
/** by the name of their field */
export const timeKeys = new Map(
  keys.flatMap((key) => [
    ...(key.time >= 0 ? [[key.name, key] as const] : []),
    ...key.inside.filter(({ time }) => time >= 0).map((inner) => [`${key.name}_${inner.name}`, inner] as const),
  ]),
);

const KEPT = 0x100;
const IS_ID = 0x200;
const IS_LIST = 0x400;
const IS_SHARED = 0x800;
const IS_COMPUTED = 0x1000;

const shapes = [keys, ...keys.map(({ inside }) => inside).filter((inside) => inside.length > 0)];
const members = shapes.map((shape) => new Map(shape.map((key) => [key.name, numberOf(key)])));
for (const name of computedKeys) members[0].set(name, IS_COMPUTED);

function numberOf({ name, slot, time, isId, isShared, inside }: Key): number {
  const flags = KEPT | (isId ? IS_ID : 0) | (name === 'tags' ? IS_LIST : 0) | (isShared ? IS_SHARED : 0);
  const object = inside.length > 0 ? (inside.length << 4) | shapes.indexOf(inside) : 0;
  return slot | flags | ((time + 1) << 16) | (object << 24);
}

/** The kernel's number of a key in an object of a shape; 0: not kept. `text`: with its quotes, valid JSON. */
export function memberOf(shape: number, text: Buffer): number {
  return members[shape].get(JSON.parse(text.toString('utf8')) as string) ?? 0;
}
