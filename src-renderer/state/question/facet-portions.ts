/** Which facets are asked for in one call: the first portion goes with the question itself. */
import type { FacetRequest } from '../../../src-main/contract/query.ts';

/** The contract's limit for one call. */
const PER_CALL = 16;

/** Never empty: a question without facets has one empty portion. */
export function portionsOf(requests: readonly FacetRequest[]): FacetRequest[][] {
  const portions: FacetRequest[][] = [requests.slice(0, PER_CALL)];
  for (let i = PER_CALL; i < requests.length; i += PER_CALL) portions.push(requests.slice(i, i + PER_CALL));
  return portions;
}
