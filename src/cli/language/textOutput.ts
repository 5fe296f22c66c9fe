/** Generated text on standard output, and its figures. */
import { printable } from '../../base/printable.js';
import type { GenerationResult } from '../../generate/generate.js';
import { count, rate } from '../format.js';

/** Writes a text piece by piece, harmless on a terminal, with a newline at its end. */
export async function writeText(stdout: NodeJS.WriteStream, pieces: AsyncIterable<string>): Promise<void> {
  let isAtLineStart = true;
  for await (const piece of pieces) {
    stdout.write(stdout.isTTY ? harmless(piece) : piece);
    isAtLineStart = piece.endsWith('\n');
  }
  if (!isAtLineStart) stdout.write('\n');
}

/** Ends a text when standard output is no longer read (`| head`). */
export function watchReader(stdout: NodeJS.WriteStream) {
  const controller = new AbortController();
  const listener = () => controller.abort();
  stdout.on('error', listener);
  return { signal: controller.signal, stop: () => stdout.off('error', listener) };
}

/** `12 tokens, 31.4 tokens/s`; without a rate where there was nothing to time. */
export function tokenFigures({
  tokens,
  tokensPerSecond,
}: Pick<GenerationResult, 'tokens' | 'tokensPerSecond'>) {
  return `${count(tokens, 'token')}${tokensPerSecond > 0 ? `, ${rate(tokensPerSecond)} tokens/s` : ''}`;
}

/** Characters that a terminal would act on, but for newlines and tabs, are shown as what they are. */
export function harmless(piece: string): string {
  return piece.replace(/[^\n\t]/gu, (character) => printable(character));
}
