/** Text in lines. */
import stringWidth from 'string-width';

const COLUMNS = 80;

/**
 * The text after a label, broken at spaces into lines of at most 80 columns; further lines are indented by the label's width. A word
 * that is too long for a line is cut into several.
 */
export function wrapped(label: string, text: string): string[] {
  const indent = stringWidth(label);
  const room = Math.max(20, COLUMNS - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((each) => pieces(each, room))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stringWidth(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines.map((each, i) => (i === 0 ? label : ' '.repeat(indent)) + each);
}

/** A word, or its parts of at most `room` columns. */
function pieces(word: string, room: number): string[] {
  if (stringWidth(word) <= room) return [word];
  const parts = [''];
  for (const character of word) {
    if (stringWidth(parts[parts.length - 1] + character) > room) parts.push('');
    parts[parts.length - 1] += character;
  }
  return parts;
}
