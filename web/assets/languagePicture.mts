/** The preview picture of the language page: a recorded question with its answers before and after. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { RecordedRun } from '../language/recorded/recordedRun.js';
import { ADAPTED, arrow, BASE, card, HEIGHT, PAGE, SOFT, TEXT, WIDTH, write } from './sharedLook.mjs';

/** File name of the picture, beside the page. */
export const LANGUAGE_PICTURE = 'preview-language.png';

const [CARD_TOP, CARD_WIDTH, CARD_HEIGHT] = [260, 486, 270];
const [LINE_HEIGHT, MOST_LINES] = [44, 4];
const FONT = '500 32px Inter';

type Shown = Pick<RecordedRun, 'probes' | 'stops' | 'rows'>;

export function languagePicture({ probes, stops, rows }: Shown): Uint8Array {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = PAGE;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  write(context, 'A language model learned this in a browser.', 64, 112, '700 48px Inter', TEXT);
  write(context, `From ${rows} examples: “${probes[0]}”`, 64, 186, '500 34px Inter', SOFT);
  said(context, 'Before', stops[0]?.answers[0] ?? '', 64, BASE);
  arrow(context, WIDTH / 2, CARD_TOP + CARD_HEIGHT / 2);
  said(context, 'After', stops.at(-1)?.answers[0] ?? '', WIDTH - 64 - CARD_WIDTH, ADAPTED);
  write(context, 'lowrank', 64, 588, '700 26px Inter', TEXT);
  write(context, 'Teach a language model something. In this tab.', 178, 588, '500 26px Inter', SOFT);
  return canvas.toBuffer('image/png');
}

function said(context: SKRSContext2D, when: string, text: string, x: number, color: string): void {
  card(context, x, CARD_TOP, CARD_WIDTH, CARD_HEIGHT);
  write(context, when, x + 30, CARD_TOP + 50, '500 28px Inter', SOFT);
  context.font = FONT;
  const isNarrow = (line: string) => context.measureText(line).width <= CARD_WIDTH - 60;
  for (const [i, line] of wrapped(text, isNarrow, MOST_LINES).entries())
    write(context, line, x + 30, CARD_TOP + 104 + i * LINE_HEIGHT, FONT, color);
}

/**
 * Breaks a text into lines that fit; the rest becomes "…".
 * @param isNarrow  whether a line fits
 */
export function wrapped(text: string, isNarrow: (line: string) => boolean, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && isNarrow(`${last} ${word}`)) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  if (lines.length <= most) return lines;
  let end = `${lines[most - 1]} …`;
  while (!isNarrow(end) && end.includes(' ')) end = end.replace(/\s?\S+ …$/, ' …');
  return [...lines.slice(0, most - 1), end.trim()];
}
