import { useEffect, useRef } from 'preact/hooks';

const SIDE = 28;

/** An image as the network sees it. */
export function Thumbnail({ pixels, label }: { readonly pixels: Uint8Array; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context) imageOn(context, pixels, SIDE);
  }, [pixels]);
  return <canvas ref={canvas} class="thumbnail" width={SIDE} height={SIDE} role="img" aria-label={label} />;
}

/** Draws 28 × 28 grey pixels as large squares. @param side  side of the image, in pixels of the canvas */
export function imageOn(context: CanvasRenderingContext2D, pixels: Uint8Array, side: number): void {
  const size = side / SIDE;
  context.clearRect(0, 0, side, side);
  for (const [i, value] of pixels.entries()) {
    context.fillStyle = `rgb(${value} ${value} ${value})`;
    context.fillRect((i % SIDE) * size, Math.floor(i / SIDE) * size, size, size);
  }
}
