/**
 * Names the shapes of every call and stream: `hello` tells the core's, and a window of another build has another. test/unit/contract-hash.test.ts
 * computes it and fails when it is not this one, so that a change of a message is meant.
 */
export const CONTRACT_HASH = 'a08621eef8b8324b';
