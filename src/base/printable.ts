/** Text from files, made harmless for a terminal and for one line. */

/**
 * What a terminal acts on, or a reader does not see: controls (escape sequences begin with one), separators of lines and
 * paragraphs, marks of the direction of writing, characters without a glyph, and halves of surrogate pairs.
 * @see https://www.unicode.org/reports/tr44/#General_Category_Values
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * The text on one line: characters that are invisible or would act on a terminal are written as JSON does (`\u001b`), and
 * those beyond `limit` characters are left out and counted.
 */
export function printable(text: string, limit = 200): string {
  const shown = text.length > limit ? text.slice(0, endOfWhole(text, limit)) : text;
  const escaped = shown.replace(HIDDEN, (character) => {
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
  return shown === text ? escaped : `${escaped}… (${text.length - shown.length} more characters)`;
}

/** A text of several lines, such as an answer, on one line: `↵` stands for the ends of lines. @param limit  as of `printable` */
export function printableLine(text: string, limit?: number): string {
  return printable(text.trim().replace(/\s*\n\s*/g, ' ↵ '), limit);
}

/** `end`, or one before where it would cut a surrogate pair. */
function endOfWhole(text: string, end: number): number {
  return end > 0 && (text.codePointAt(end - 1) ?? 0) > 0xffff ? end - 1 : end;
}
