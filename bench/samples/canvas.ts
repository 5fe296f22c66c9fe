/** The page's pad in Chromium, against which the rasteriser is checked. */
import { launchChromium } from '../../test/browser/chromium.js';
import type { Stroke } from '../../web/curves.js';
import type { Ink } from '../../web/drawing.js';
import { PEN, SIDE } from './raster.js';

/** The ink of drawings as Chromium's canvas lays it, piece by piece as the pad does. */
export async function chromiumInks(drawings: readonly (readonly Stroke[])[]): Promise<Ink[]> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const inks: Ink[] = [];
    for (const strokes of drawings) {
      const text = await page.evaluate(alphaOf, { strokes, side: SIDE, pen: PEN });
      inks.push({ values: Buffer.from(text, 'latin1'), width: SIDE, height: SIDE });
    }
    return inks;
  } finally {
    await browser.close();
  }
}

/** Runs in the page. @returns the alpha channel, one character a pixel: an array of numbers takes long to arrive */
function alphaOf(job: { strokes: readonly Stroke[]; side: number; pen: number }): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = job.side;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no canvas');
  Object.assign(context, { lineWidth: job.pen, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
  for (const stroke of job.strokes) {
    for (const [i, [x, y]] of stroke.entries()) {
      const [fromX, fromY] = stroke[Math.max(i - 1, 0)];
      context.beginPath();
      context.moveTo(fromX * job.side, fromY * job.side);
      context.lineTo(x * job.side, y * job.side);
      context.stroke();
    }
  }
  const { data } = context.getImageData(0, 0, job.side, job.side);
  return Array.from({ length: data.length / 4 }, (_, i) => String.fromCharCode(data[4 * i + 3])).join('');
}
