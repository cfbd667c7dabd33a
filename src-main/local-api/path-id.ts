import { dashed, uuidHex } from '../contract/uuid.ts';

/** A UUID in a path as Starlette takes it: each dash may be missing, braces may stand around it. */
const pattern = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;

/** The canonical id; null when the part of the path is no UUID. */
export function pathId(part: string): string | null {
  const hex = pattern.test(part) ? uuidHex(part.replace(/[{}-]/g, '')) : null;
  return hex === null ? null : dashed(hex);
}
