/** `lowrank chat` in a test: streams to write to and to look at. */
import { PassThrough } from 'node:stream';
import { createProgram } from '../../../src/cli/program.js';

/** A stream, and what was written to it. */
export function collector(terminal: object = {}) {
  const stream = Object.assign(new PassThrough(), terminal);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const text = () => Buffer.concat(chunks).toString();
  // The commands write to these streams and ask whether they are terminals, nothing more.
  return { stream: stream as unknown as NodeJS.WriteStream, text };
}

export function typed(terminal: object = {}) {
  const stream = Object.assign(new PassThrough(), terminal);
  return { stream: stream as unknown as NodeJS.ReadStream, write: (text: string) => stream.write(text) };
}

export const SCREEN = { isTTY: true, columns: 80, rows: 24, hasColors: () => true };
export const KEYBOARD = { isTTY: true, setRawMode: () => {} };

const FIXED = ['--device', 'wasm', '--max-tokens', '8'];

/** Runs it on lines that come through a pipe. */
export async function piped(lines: string | Uint8Array, ...args: string[]) {
  const [stdout, stderr] = [collector(), collector()];
  const stdin = new PassThrough();
  stdin.end(lines);
  const program = createProgram({
    ...{ stdout: stdout.stream, stderr: stderr.stream },
    stdin: stdin as unknown as NodeJS.ReadStream,
  });
  const failed = await program.parseAsync(['node', 'lowrank', 'chat', ...FIXED, ...args]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { out: stdout.text(), err: stderr.text(), failed };
}

/** Runs it on a terminal; `ended` says how. */
export function onTerminal(...args: string[]) {
  const screen = collector(SCREEN);
  const keyboard = typed(KEYBOARD);
  const program = createProgram({ stdout: screen.stream, stderr: screen.stream, stdin: keyboard.stream });
  const ended = program.parseAsync(['node', 'lowrank', 'chat', ...FIXED, ...args]).then(
    () => undefined,
    (error: Error) => error,
  );
  return { ...keyboard, ended, text: () => plain(screen.text()), raw: screen.text };
}

/** The text without codes that move the cursor, clear lines and colour them. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '');
}
