/**
 * Rows against a dictionary, one by one: matches with the dictionary's rows or with the row's own beginning, and Huffman codes that
 * the dictionary brings along. Every row is opened without its neighbours, and nothing is set up for it. Addresses are trusted;
 * what is opened is not: it may come from a damaged disk. ../coder.ts is the only caller.
 */
export { index } from './dictionary';
export { code, count } from './code';
export { open } from './open';
