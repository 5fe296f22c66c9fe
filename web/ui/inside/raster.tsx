import { useEffect, useRef } from 'preact/hooks';
import type { Picture } from './parts.js';

type Colour = readonly [red: number, green: number, blue: number];

/** Tints that work on light and dark cards: values near 0 are transparent. */
const TINTS = {
  /** Colours of an adapter's factor: positive and negative. */
  factor: [
    [217, 104, 18],
    [150, 112, 84],
  ],
  /** Colours of evidence for a digit and against it. */
  speaks: [
    [224, 112, 24],
    [66, 124, 226],
  ],
} as const satisfies Record<Exclude<Picture['tint'], 'grey'>, readonly [above: Colour, below: Colour]>;

export interface RasterProps extends Picture {
  /** Text for screen readers; undefined if the element around it has one. */
  readonly label?: string | undefined;
}

/** Numbers as a picture, one pixel each. */
export function Raster({ values, columns, scale, tint, label }: RasterProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = values.length / columns;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(columns, rows);
    for (const [i, value] of values.entries()) paint(image.data, 4 * i, value / scale, tint);
    context.putImageData(image, 0, 0);
  }, [values, columns, rows, scale, tint]);
  const named = label !== undefined;
  return (
    <canvas
      ref={canvas}
      class="raster"
      width={columns}
      height={rows}
      role={named ? 'img' : undefined}
      aria-label={label}
      aria-hidden={named ? undefined : true}
    />
  );
}

function paint(data: Uint8ClampedArray, at: number, share: number, tint: Picture['tint']): void {
  const grey = 128 + 110 * Math.max(-1, Math.min(1, share));
  const [red, green, blue] = tint === 'grey' ? [grey, grey, grey] : TINTS[tint][share < 0 ? 1 : 0];
  data[at] = red;
  data[at + 1] = green;
  data[at + 2] = blue;
  data[at + 3] = tint === 'grey' ? 255 : 255 * Math.min(1, Math.abs(share));
}
