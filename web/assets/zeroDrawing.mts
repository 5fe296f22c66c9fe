/** The slashed zero that greets a visitor of the page, as its pad shows it and as the network gets it. */
import { type Canvas, createCanvas } from '@napi-rs/canvas';
import { normaliseDigit } from '../drawing.js';
import { SAMPLES } from '../samples.js';
import { inkOn } from '../strokes.js';

/** The pad's pixels. */
export const SIDE = 280;

/** White ink on nothing. */
export function zeroDrawing(): Canvas {
  const [sample] = SAMPLES;
  if (sample.label !== 0)
    throw new Error(`the picture tells of a zero, and the first sample is ${sample.name}`);
  const canvas = createCanvas(SIDE, SIDE);
  // It draws as a browser's does.
  inkOn(canvas.getContext('2d') as unknown as CanvasRenderingContext2D, SIDE, sample.strokes);
  return canvas;
}

/** @returns 28 × 28 bytes */
export function zeroPixels(): Uint8Array {
  const { data } = zeroDrawing().getContext('2d').getImageData(0, 0, SIDE, SIDE);
  const values = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
  const pixels = normaliseDigit({ values, width: SIDE, height: SIDE });
  if (!pixels) throw new Error('the slashed zero has no ink');
  return pixels;
}
