/** The slashed zero that greets visitors, as the pad shows it and as the network receives it. */
import { type Canvas, createCanvas } from '@napi-rs/canvas';
import { normaliseDigit } from '../drawing.js';
import { SAMPLES } from '../samples.js';
import { inkOn } from '../strokes.js';

/** Side of the pad in pixels. */
export const SIDE = 280;

/** White ink on a transparent canvas. */
export function zeroDrawing(): Canvas {
  const [sample] = SAMPLES;
  if (sample.label !== 0) throw new Error(`the picture shows a zero, and the first sample is ${sample.name}`);
  const canvas = createCanvas(SIDE, SIDE);
  // This canvas draws like a browser's.
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
