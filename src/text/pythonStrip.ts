/** Python's `str.strip` and its variants, which chat templates call. */

/** Characters for which `str.isspace` holds: unlike in JavaScript, U+FEFF is not one, and U+001C to U+001F and U+0085 are. */
const SPACES = new Set(
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
);

/** White space of either language. */
const ANY_SPACES = new RegExp(`[${[...SPACES, '\ufeff'].join('')}]+`, 'g');

/** The text without any white space. */
export function withoutSpaces(text: string): string {
  return text.replace(ANY_SPACES, '');
}

/** The methods by name, with the ends that they strip. */
export const STRIPS: ReadonlyMap<string, { readonly start: boolean; readonly end: boolean }> = new Map([
  ['strip', { start: true, end: true }],
  ['lstrip', { start: true, end: false }],
  ['rstrip', { start: false, end: true }],
]);

/** The text without any of the given characters at its ends; without white space where none are given. */
export function strip(
  text: string,
  { start, end }: { readonly start: boolean; readonly end: boolean },
  characters?: string,
): string {
  const cut = characters === undefined ? SPACES : new Set(characters);
  let [from, to] = [0, text.length];
  while (start && from < to && cut.has(characterAt(text, from))) from += characterAt(text, from).length;
  while (end && from < to && cut.has(characterBefore(text, to))) to -= characterBefore(text, to).length;
  return text.slice(from, to);
}

const characterAt = (text: string, at: number) => String.fromCodePoint(text.codePointAt(at) ?? 0);

/** The whole character that ends at a place. */
function characterBefore(text: string, end: number): string {
  const two = end > 1 ? characterAt(text, end - 2) : '';
  return two.length === 2 ? two : text[end - 1];
}
