/** A picture to show to others: the drawing, what the network read in it before, and what it reads now. */
import { secondsOf } from './taught.js';

const SIDE = 28;

/** Size of the picture in pixels, which is also what link previews expect. */
export const PICTURE = { width: 1200, height: 630 } as const;

/** Canvas context to draw on: a browser's, or that of a canvas library in Node. */
export type Context = Pick<
  CanvasRenderingContext2D,
  'fillStyle' | 'font' | 'textAlign' | 'textBaseline' | 'fillRect' | 'fillText' | 'measureText'
> &
  Pick<CanvasRenderingContext2D, 'beginPath' | 'roundRect' | 'fill' | 'moveTo' | 'lineTo' | 'closePath'>;

export interface Reading {
  readonly digit: number;
  /** Its probability. */
  readonly share: number;
}

export interface Picture {
  /** 28 × 28 bytes, white on black. */
  readonly pixels: Uint8Array;
  /** The digit that it was taught as. */
  readonly label: number;
  readonly before: Reading;
  readonly after: Reading;
  /** Duration of the lesson; undefined if it is not known. */
  readonly seconds: number | undefined;
  /** Numbers that were trained. */
  readonly trainable: number;
}

const COLOURS = {
  page: '#14161b',
  card: '#1d2027',
  pad: '#000000',
  text: '#e6e8ee',
  soft: '#a4abb9',
  base: '#7fa8f5',
  adapted: '#f29a52',
} as const;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const MARGIN = 60;
const PAD = { x: MARGIN, y: 75, size: 480 } as const;
/** Where the text begins, and how much room it has. */
const TEXT = { x: PAD.x + PAD.size + MARGIN, width: PICTURE.width - PAD.size - 3 * MARGIN } as const;

export function drawPicture(context: Context, picture: Picture): void {
  const { pixels, label, before, after, seconds, trainable } = picture;
  context.fillStyle = COLOURS.page;
  context.fillRect(0, 0, PICTURE.width, PICTURE.height);
  drawPad(context, pixels);
  context.textBaseline = 'alphabetic';
  const { x } = TEXT;
  write(context, { text: `It learned my ${label}.`, x, y: 130, size: 60, weight: 800 });
  write(context, { text: whereOf(seconds), x, y: 190, size: 42, weight: 600 });
  const half = TEXT.width / 2;
  drawReading(context, { ...before, word: 'Before', x, width: half - 36, colour: COLOURS.base });
  drawArrow(context, x + half, 345);
  const right = x + half + 36;
  drawReading(context, { ...after, word: 'After', x: right, width: half - 36, colour: COLOURS.adapted });
  const numbers = `${trainable.toLocaleString('en-US')} new numbers, no old ones changed`;
  write(context, { text: numbers, x, y: 508, size: 25, colour: COLOURS.soft });
  write(context, { text: 'lowrank · LoRA in the browser', x, y: 550, size: 25, colour: COLOURS.soft });
}

function whereOf(seconds: number | undefined): string {
  return seconds === undefined ? 'On my device.' : `In ${secondsOf(seconds)}, on my device.`;
}

/** `92 %`; a small share above 0 becomes `< 1 %`. */
export function shareOf(share: number): string {
  if (share > 0 && share < 0.005) return '< 1 %';
  return `${Math.round(100 * share)} %`;
}

interface Line {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly width?: number;
  readonly align?: CanvasTextAlign;
}

/** Fonts differ in width from one system to the next: a line that is too wide is drawn smaller. */
function write(context: Context, line: Line): void {
  const { text, x, y, weight = 400, colour = COLOURS.text, width = TEXT.width, align = 'left' } = line;
  const fontOf = (size: number) => `${weight} ${size}px ${FONT}`;
  context.font = fontOf(line.size);
  const { width: measured } = context.measureText(text);
  if (measured > width) context.font = fontOf(Math.floor((line.size * width) / measured));
  context.fillStyle = colour;
  context.textAlign = align;
  context.fillText(text, x, y);
}

function drawPad(context: Context, pixels: Uint8Array): void {
  rounded(context, { x: PAD.x, y: PAD.y, width: PAD.size, height: PAD.size }, COLOURS.pad);
  const size = (PAD.size - 32) / SIDE;
  for (const [i, value] of pixels.entries()) {
    if (value === 0) continue;
    context.fillStyle = `rgb(${value}, ${value}, ${value})`;
    const [x, y] = [PAD.x + 16 + (i % SIDE) * size, PAD.y + 16 + Math.floor(i / SIDE) * size];
    context.fillRect(x, y, size, size);
  }
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rounded(context: Context, { x, y, width, height }: Box, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(x, y, width, height, 24);
  context.fill();
}

interface Column extends Reading {
  readonly word: string;
  readonly x: number;
  readonly width: number;
  readonly colour: string;
}

function drawReading(context: Context, { word, digit, share, x, width, colour }: Column): void {
  rounded(context, { x, y: 230, width, height: 232 }, COLOURS.card);
  const line = { x: x + width / 2, align: 'center', width: width - 24 } as const;
  write(context, { ...line, text: word, y: 272, size: 28, colour: COLOURS.soft });
  write(context, { ...line, text: `${digit}`, y: 394, size: 132, weight: 800, colour });
  write(context, { ...line, text: shareOf(share), y: 440, size: 34, weight: 600, colour });
}

/** Draws the arrow between the two readings. */
function drawArrow(context: Context, x: number, y: number): void {
  context.fillStyle = COLOURS.soft;
  context.beginPath();
  context.moveTo(x - 12, y - 16);
  context.lineTo(x + 14, y);
  context.lineTo(x - 12, y + 16);
  context.closePath();
  context.fill();
}
