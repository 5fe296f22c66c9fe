/** A square to draw on with mouse, finger or pen; white ink on black, as in MNIST. */
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { normaliseDigit } from '../../drawing.js';
import { beginStroke, clear, extendStroke, sheet, undo } from '../../sheet.js';
import { drawn } from '../../state.js';
import { inkOn, type Point } from '../../strokes.js';
import { imageOn } from '../thumbnail.js';

/** Side of the canvas in pixels, whatever its size on the screen. */
const SIDE = 280;

export function Pad() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => (canvas.current ? listen(canvas.current) : undefined), []);
  useSignalEffect(() => {
    const now = sheet.value;
    const context = canvas.current?.getContext('2d', { willReadFrequently: true });
    if (!context) return;
    if (now instanceof Uint8Array) {
      imageOn(context, now, SIDE);
      drawn.value = now;
    } else {
      inkOn(context, SIDE, now);
      drawn.value = now.length > 0 ? pixelsOf(context) : undefined;
    }
  });
  return (
    <div class="pad-frame">
      <canvas
        ref={canvas}
        class="pad"
        width={SIDE}
        height={SIDE}
        role="img"
        tabIndex={0}
        aria-label="Drawing pad: draw a digit with mouse, finger or pen, or choose a sample below"
        onKeyDown={(event) => {
          if (event.key === 'Delete' || event.key === 'Backspace') clear();
          else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) undo();
          else return;
          event.preventDefault();
        }}
      />
      {sheet.value.length === 0 && (
        <span class="pad-hint" aria-hidden="true">
          draw a digit
        </span>
      )}
    </div>
  );
}

/** Draws the pointer's movements once per frame. @returns a function that stops listening */
function listen(canvas: HTMLCanvasElement): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  let isDown = false;
  let waiting: Point[] = [];
  let frame = 0;
  const place = ({ clientX, clientY }: PointerEvent): Point => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  const flush = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (waiting.length > 0) extendStroke(waiting.splice(0));
  };
  const on = <K extends 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel'>(
    name: K,
    listener: (event: PointerEvent) => void,
  ) => canvas.addEventListener(name, listener, { signal });
  on('pointerdown', (event) => {
    // Only the first finger draws.
    if (isDown || !event.isPrimary) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    isDown = true;
    beginStroke(...place(event));
  });
  on('pointermove', (event) => {
    if (!isDown || !event.isPrimary) return;
    // A fast pen moves several times between two frames.
    const moves = event.getCoalescedEvents?.() ?? [];
    waiting.push(...(moves.length > 0 ? moves : [event]).map(place));
    frame ||= requestAnimationFrame(flush);
  });
  const lift = () => {
    flush();
    isDown = false;
  };
  on('pointerup', lift);
  on('pointercancel', lift);
  return () => {
    controller.abort();
    cancelAnimationFrame(frame);
    waiting = [];
  };
}

function pixelsOf(context: CanvasRenderingContext2D): Uint8Array | undefined {
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const values = new Uint8Array(SIDE * SIDE);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i + 3];
  return normaliseDigit({ values, width: SIDE, height: SIDE });
}
