/** Escape sequences with which programs colour their output: drawn in the log view, and left out of search, copies and groups. */

/** CSI sequences such as ␛[32m, OSC sequences such as links up to their end, and the two-character ones. */
const escape =
  /[\u001b\u009b](?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b\u009b]*(?:\u0007|\u001b\\)|[@-Z\\^_])|\u009b[0-?]*[ -/]*[@-~]/g;

/** The text without them. */
export function ansiFree(text: string): string {
  // most texts have none, and looking for one character is quick
  return text.includes('\u001b') || text.includes('\u009b') ? text.replace(escape, '') : text;
}
