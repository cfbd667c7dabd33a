/** What the test tells the stand-in, as JSON in the environment variable STANDIN. */
export type StandInOptions = {
  /** path of the Chromium to drive */
  chromium: string;
  args: string[];
  /** milliseconds by which the page's clock is moved; default 0 */
  clockOffset?: number;
  /** folder in which the save dialog "chooses"; without one, a save dialog is a failure */
  saves?: string;
  /** what safeStorage says it is; default gnome_libsecret */
  keychain?: 'gnome_libsecret' | 'basic_text';
};

const text = process.env.STANDIN;
if (!text) throw new Error('stand-in: the environment variable STANDIN is not set');
export const options = JSON.parse(text) as StandInOptions;
