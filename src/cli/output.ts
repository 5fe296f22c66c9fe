/** Output of the commands: each line is harmless for a terminal and of a sensible length, whatever the names in files hold. */
import { printable } from '../base/printable.js';

const MAX_LINE = 1000;

/** Colours as `paint` gives them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STYLE = /(\u001b\[\d{1,2}m)/;

/** Writes one line, whatever is in it: a newline in a path does not begin another. */
export function printLine(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${printable(text, MAX_LINE)}\n`);
}

/** Writes lines. What they hold that may have a newline of its own, such as a path, was made printable before. */
export function print(stream: NodeJS.WriteStream, text: string): void {
  stream.write(mapLines(text, (line) => printable(line, MAX_LINE)));
}

/**
 * As `print`, for lines with colours of `paint`, which are kept on a terminal. Names from files in them were made printable
 * before: here they could not be told from colours.
 */
export function printPainted(stream: NodeJS.WriteStream, text: string): void {
  if (!stream.isTTY) {
    print(stream, text);
    return;
  }
  const painted = (line: string) =>
    line
      .split(STYLE)
      .map((part, i) => (i % 2 === 1 ? part : printable(part, MAX_LINE)))
      .join('');
  stream.write(mapLines(text, painted));
}

function mapLines(text: string, by: (line: string) => string): string {
  return text.split('\n').map(by).join('\n');
}
