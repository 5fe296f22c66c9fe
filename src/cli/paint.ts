/** Colours for terminals only. */
import * as util from 'node:util';

export type Style = 'green' | 'red' | 'bold' | 'dim';
export type Paint = (style: Style, text: string) => string;

export const PLAIN: Paint = (_style, text) => text;

/** Colours when the stream is a terminal that has them and NO_COLOR is not set. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  // Node before 20.12 has no styleText; there the text stays plain.
  if (!stream.isTTY || !stream.hasColors() || typeof util.styleText !== 'function') return PLAIN;
  return (style, text) => util.styleText(style, text, { validateStream: false });
}
