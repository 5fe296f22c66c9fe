import { expect, it } from 'vitest';
import { PIXELS } from '../../web/lab/pixels.js';
import { withShifts } from '../../web/lab/shifts.js';

/** Places of the ink. */
const inkOf = (pixels: Uint8Array) => [...pixels.keys()].filter((i) => pixels[i] > 0);

it('gives the image, and moved right, left, down and up', () => {
  const image = new Uint8Array(PIXELS);
  image[28 * 10 + 10] = 200;
  const all = withShifts(image);
  expect(all.map(inkOf)).toEqual([[290], [291], [289], [318], [262]]);
  for (const each of all) expect(Math.max(...each)).toBe(200);
  expect(all[0]).not.toBe(image);
});

it('lets ink leave at the edges, not come in again on the other side', () => {
  const image = new Uint8Array(PIXELS);
  image[27] = 1;
  expect(withShifts(image).map(inkOf)).toEqual([[27], [], [26], [55], []]);
});
