/** The page's pad in Chromium, for checking the rasteriser. */
import { build } from 'esbuild';
import { launchChromium } from '../../test/browser/chromium.js';
import type { Ink } from '../../web/drawing.js';
import type { Stroke } from '../../web/strokes.js';
import { SIDE } from './raster.js';

/** The ink of drawings as the page's own code lays it on Chromium's canvas. */
export async function chromiumInks(drawings: readonly (readonly Stroke[])[]): Promise<Ink[]> {
  const entry = new URL('../../web/strokes.ts', import.meta.url).pathname;
  const bundled = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    globalName: 'pageStrokes',
    write: false,
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: bundled.outputFiles[0].text });
    const inks: Ink[] = [];
    for (const strokes of drawings) {
      const text = await page.evaluate(alphaOf, { strokes, side: SIDE });
      inks.push({ values: Buffer.from(text, 'latin1'), width: SIDE, height: SIDE });
    }
    return inks;
  } finally {
    await browser.close();
  }
}

declare global {
  /** web/strokes.ts, in the page. */
  var pageStrokes: typeof import('../../web/strokes.js');
}

/** Runs in the page. @returns the alpha channel, one character per pixel: transferring an array of numbers takes long */
function alphaOf({ strokes, side }: { strokes: readonly Stroke[]; side: number }): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no canvas');
  globalThis.pageStrokes.inkOn(context, side, strokes);
  const { data } = context.getImageData(0, 0, side, side);
  return Array.from({ length: data.length / 4 }, (_, i) => String.fromCharCode(data[4 * i + 3])).join('');
}
