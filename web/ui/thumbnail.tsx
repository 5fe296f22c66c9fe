import { useEffect, useRef } from 'preact/hooks';

const SIDE = 28;

/** An image as the network sees it. */
export function Thumbnail({ pixels, label }: { readonly pixels: Uint8Array; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(SIDE, SIDE);
    for (const [i, value] of pixels.entries()) image.data.set([value, value, value, 255], 4 * i);
    context.putImageData(image, 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} class="thumbnail" width={SIDE} height={SIDE} role="img" aria-label={label} />;
}
