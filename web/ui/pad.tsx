/** A square to draw on with mouse, finger or pen; white ink on black, as in MNIST. */
import { useEffect, useRef } from 'preact/hooks';
import { normaliseDigit } from '../drawing.js';

/** Pixels of the canvas, whatever its size on the screen. */
const SIDE = 280;
const PEN = 22;

interface PadProps {
  /** Changes when the pad is to be empty again. */
  readonly sheet: number;
  /** Told while something is drawn, at most once a frame. */
  readonly onDrawn: (pixels: Uint8Array | undefined) => void;
}

export function Pad({ sheet, onDrawn }: PadProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = contextOf(canvas.current);
    context?.clearRect(0, 0, SIDE, SIDE);
  }, [sheet]);
  useEffect(() => (canvas.current ? listen(canvas.current, onDrawn) : undefined), [onDrawn]);
  return (
    <canvas
      ref={canvas}
      class="pad"
      width={SIDE}
      height={SIDE}
      role="img"
      aria-label="Drawing pad: draw a digit from 0 to 9 with mouse, finger or pen"
    />
  );
}

function contextOf(canvas: HTMLCanvasElement | null): CanvasRenderingContext2D | null | undefined {
  return canvas?.getContext('2d', { willReadFrequently: true });
}

/** Draws what the pointer does. @returns how to stop listening */
function listen(canvas: HTMLCanvasElement, onDrawn: PadProps['onDrawn']): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const context = contextOf(canvas);
  if (!context) return () => {};
  let last: [x: number, y: number] | undefined;
  let frame = 0;
  const place = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const { left, top, width } = canvas.getBoundingClientRect();
    return [((clientX - left) * SIDE) / width, ((clientY - top) * SIDE) / width];
  };
  const lineTo = (event: PointerEvent) => {
    const [x, y] = place(event);
    const [fromX, fromY] = last ?? [x, y];
    Object.assign(context, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x, y);
    context.stroke();
    last = [x, y];
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      onDrawn(pixelsOf(context));
    });
  };
  const on = <K extends 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel'>(
    name: K,
    listener: (event: PointerEvent) => void,
  ) => canvas.addEventListener(name, listener, { signal });
  on('pointerdown', (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    lineTo(event);
  });
  on('pointermove', (event) => {
    if (!last) return;
    // A fast pen moves several times between two frames.
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length > 0 ? moves : [event]) lineTo(move);
  });
  const lift = () => {
    last = undefined;
  };
  on('pointerup', lift);
  on('pointercancel', lift);
  return () => {
    controller.abort();
    cancelAnimationFrame(frame);
  };
}

function pixelsOf(context: CanvasRenderingContext2D): Uint8Array | undefined {
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const values = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
  return normaliseDigit({ values, width: SIDE, height: SIDE });
}
