/** Text from files, made harmless for a terminal and for one line. */

/**
 * Control characters (escape sequences begin with one), line and paragraph separators, marks that change the direction of
 * writing, and characters that cannot be seen.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/**
 * The text on one line, with what would not be seen, or would act on a terminal, written as JSON does (`\u001b`), and
 * what is beyond `limit` characters left out and counted.
 */
export function printable(text: string, limit = 200): string {
  const shown = text.length > limit ? text.slice(0, limit) : text;
  const escaped = shown.replace(HIDDEN, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return shown === text ? escaped : `${escaped}… (${text.length - limit} more characters)`;
}
