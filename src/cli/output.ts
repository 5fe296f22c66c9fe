/** What the commands print: each line harmless for a terminal and of a sensible length, whatever the names in files hold. */
import { printable } from '../printable.js';

const MAX_LINE = 1000;

/** Colours as `paint` gives them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STYLE = /(\u001b\[\d{1,2}m)/;

/** Writes text to a stream; on a terminal, colours are kept. JSON is not written by this, but as it is. */
export function print(stream: NodeJS.WriteStream, text: string): void {
  const lines = text.split('\n').map((line) => {
    if (!stream.isTTY) return printable(line, MAX_LINE);
    return line
      .split(STYLE)
      .map((part, i) => (i % 2 === 1 ? part : printable(part, MAX_LINE)))
      .join('');
  });
  stream.write(lines.join('\n'));
}
