/** The pictures of the digits page elsewhere: in link previews and on a home screen. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { ADAPTED, arrow, BASE, card, HEIGHT, PAGE, SOFT, TEXT, WIDTH, write } from './sharedLook.mjs';
import type { Answer, Story } from './taughtInNode.mjs';
import { SIDE, zeroDrawing } from './zeroDrawing.mjs';

/** The slashed zero, what the network read before and after, and how long that took. */
export function sharedPicture({ before, after, seconds }: Story): Uint8Array {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = PAGE;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  write(context, 'It learned my zero.', 64, 112, `700 64px Inter`, TEXT);
  write(context, `In ${inWords(seconds)}, on my device.`, 64, 186, `700 64px Inter`, TEXT);
  pad(context, 64, 250);
  arrow(context, 402, 390);
  answer(context, 'Before', before, 460, BASE);
  arrow(context, 798, 390);
  answer(context, 'After', after, 856, ADAPTED);
  write(context, 'lowrank', 64, 588, '700 26px Inter', TEXT);
  write(context, 'Teach a network your handwriting, in the browser', 178, 588, '500 26px Inter', SOFT);
  return canvas.toBuffer('image/png');
}

/** @param side  in pixels */
export function iconPicture(side: number): Uint8Array {
  const canvas = createCanvas(side, side);
  const context = canvas.getContext('2d');
  context.scale(side / 16, side / 16);
  context.fillStyle = BASE;
  context.fillRect(0, 0, 16, 16);
  Object.assign(context, { strokeStyle: '#fff', lineWidth: 2 });
  context.beginPath();
  context.moveTo(5, 4);
  context.lineTo(5, 12);
  context.lineTo(11, 12);
  context.stroke();
  return canvas.toBuffer('image/png');
}

/** A duration in words, rounded down by at most a tenth of a second. */
export function inWords(seconds: number): string {
  if (seconds < 0.6) return 'half a second';
  if (seconds < 1.1) return 'a second';
  return `${Math.ceil(seconds - 0.1)} seconds`;
}

function pad(context: SKRSContext2D, x: number, y: number): void {
  context.beginPath();
  context.roundRect(x, y, SIDE, SIDE, 18);
  context.fillStyle = '#000';
  context.fill();
  context.drawImage(zeroDrawing(), x, y);
}

function answer(
  context: SKRSContext2D,
  when: string,
  { digit, certainty }: Answer,
  x: number,
  color: string,
) {
  card(context, x, 250, SIDE, SIDE);
  context.textAlign = 'center';
  write(context, when, x + SIDE / 2, 296, '500 28px Inter', SOFT);
  write(context, String(digit), x + SIDE / 2, 450, '700 176px Inter', color);
  write(context, `${Math.round(100 * certainty)} %`, x + SIDE / 2, 506, '500 32px Inter', color);
  context.textAlign = 'left';
}
