/** Draws a row of tiny test images: changed ones in colour, with the digit that is read now below. */
import { PIXELS } from '../../lab/pixels.js';
import type { Row, TestImage } from './changes.js';

const SIDE = 28;
/** Empty edge of the images, in pixels. */
const EDGE = 3;
const INSIDE = SIDE - 2 * EDGE;

/** Sizes in device pixels. */
export interface Geometry {
  readonly columns: number;
  readonly cell: number;
  /** Distance from one line of images to the next: an image and the text below it. */
  readonly pitch: number;
  /** Device pixels per pixel of the page. */
  readonly density: number;
}

export interface Palette {
  readonly card: string;
  readonly faint: string;
  readonly soft: string;
  readonly base: string;
  readonly bad: string;
  readonly good: string;
}

/** Puts a row on one line if its images are then large enough to see, otherwise on two. */
export function geometryOf(width: number, density: number): Geometry {
  const columns = width >= 100 * LEAST_CELL ? 100 : 50;
  const cell = (width * density) / columns;
  return {
    columns,
    cell,
    pitch: Math.ceil(cell) + textSize(cell, density) + Math.ceil(2 * density),
    density,
  };
}

/** Least sizes in pixels of the page. */
const LEAST_CELL = 8;
const LEAST_TEXT = 8;

const textSize = (cell: number, density: number) => Math.round(Math.max(cell, LEAST_TEXT * density));

export const placeOf = ({ columns, cell, pitch }: Geometry, i: number) => ({
  x: Math.round((i % columns) * cell),
  y: Math.floor(i / columns) * pitch,
});

/** The image at a point, or the nearest one. */
export function imageAt({ columns, cell, pitch }: Geometry, x: number, y: number, count: number): number {
  const column = Math.min(Math.max(Math.floor(x / cell), 0), columns - 1);
  const line = Math.min(Math.max(Math.floor(y / pitch), 0), Math.ceil(count / columns) - 1);
  return Math.min(line * columns + column, count - 1);
}

/** The ink of a row's images, side by side without their edges, as opacity. */
export function inkOf(row: Row, images: Uint8Array): HTMLCanvasElement {
  const ink = document.createElement('canvas');
  [ink.width, ink.height] = [INSIDE * row.images.length, INSIDE];
  const data = new ImageData(ink.width, ink.height);
  for (const [i, { place }] of row.images.entries()) {
    for (let y = 0; y < INSIDE; y++) {
      const from = place * PIXELS + (y + EDGE) * SIDE + EDGE;
      const to = y * ink.width + i * INSIDE;
      for (let x = 0; x < INSIDE; x++) data.data[4 * (to + x) + 3] = images[from + x];
    }
  }
  ink.getContext('2d')?.putImageData(data, 0, 0);
  return ink;
}

export function drawStrip(
  canvas: HTMLCanvasElement,
  { images }: Row,
  ink: CanvasImageSource,
  geometry: Geometry,
  palette: Palette,
): void {
  const { columns, cell, pitch, density } = geometry;
  const lines = Math.ceil(images.length / columns);
  [canvas.width, canvas.height] = [Math.round(columns * cell), lines * pitch];
  const context = canvas.getContext('2d');
  if (!context) return;
  const side = Math.floor(cell);
  const marked = images.flatMap((image, i) =>
    image.fate === 'right' ? [] : [{ image, colour: markColour(image, palette), ...placeOf(geometry, i) }],
  );
  context.imageSmoothingQuality = 'high';
  for (let line = 0; line < lines; line++) {
    const from = INSIDE * line * columns;
    context.drawImage(ink, from, 0, INSIDE * columns, INSIDE, 0, line * pitch, canvas.width, side);
  }
  // So far there is only ink: first it gets its colours, then the background is drawn behind it.
  context.globalCompositeOperation = 'source-atop';
  context.fillStyle = palette.faint;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const { image, colour, x, y } of marked) {
    context.fillStyle = isTile(image) ? palette.card : colour;
    context.fillRect(x, y, side, side);
  }
  context.globalCompositeOperation = 'destination-over';
  for (const { image, colour, x, y } of marked) {
    context.fillStyle = colour;
    if (isTile(image)) context.fillRect(x, y, side, side);
  }
  context.globalCompositeOperation = 'source-over';
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const { image, colour, x, y } of marked) {
    const weight = isTile(image) || image.after === undefined ? 700 : 400;
    context.font = `${weight} ${textSize(cell, density)}px system-ui, sans-serif`;
    context.fillStyle = colour;
    context.fillText(markText(image), x + cell / 2, y + cell + density);
  }
}

const isTile = ({ fate }: TestImage) => fate === 'forgotten' || fate === 'learned';

/** Colour of an image; without After, wrong answers get the colour of Before. */
function markColour({ fate, after }: TestImage, { soft, base, bad, good }: Palette): string {
  if (fate === 'forgotten') return bad;
  if (fate === 'learned') return good;
  return fate === 'wrong' && after === undefined ? base : soft;
}

/** The digit that is read instead, or a tick if the image was learned. */
function markText({ fate, before, after }: TestImage): string {
  return fate === 'learned' ? '✓' : `${after ?? before}`;
}
