import { useEffect, useMemo, useRef } from 'preact/hooks';
import { imageWords, type Row, rowWords } from './changes.js';
import { Large } from './large.js';
import { drawStrip, imageAt, inkOf, placeOf } from './strip.js';
import type { StripLook } from './useStripLook.js';

interface StripRowProps {
  readonly row: Row;
  readonly images: Uint8Array;
  readonly look: StripLook;
  /** The image that is shown large. */
  readonly chosen: number | undefined;
  readonly onChoose: (index: number) => void;
  readonly onLeave: () => void;
}

/** The images of one digit: a slider along them, which a pointer moves too. */
export function StripRow({ row, images, look, chosen, onChoose, onLeave }: StripRowProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ink = useMemo(() => inkOf(row, images), [row.digit, images]);
  const { geometry, palette } = look;
  useEffect(() => {
    if (canvas.current) drawStrip(canvas.current, row, ink, geometry, palette);
  }, [row, ink, look]);
  const { density, columns, cell, pitch } = geometry;
  const lines = Math.ceil(row.images.length / columns);
  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return;
    const [x, y] = [(event.clientX - box.left) * density, (event.clientY - box.top) * density];
    onChoose(imageAt(geometry, x, y, row.images.length));
  };
  const index = chosen ?? firstMarked(row);
  const { x, y } = placeOf(geometry, index);
  const px = (length: number) => `${length / density}px`;
  return (
    <div class="strip-row">
      <strong class="strip-digit">{row.digit}</strong>
      <span class="strip-words">{rowWords(row)}</span>
      <div
        class="strip-images"
        role="slider"
        tabIndex={0}
        aria-label={`Test images of ${row.digit}: ${rowWords(row)}`}
        aria-valuemin={1}
        aria-valuemax={row.images.length}
        aria-valuenow={index + 1}
        aria-valuetext={`Image ${index + 1} of ${row.images.length}. ${imageWords(row.images[index])}`}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={({ pointerType }) => {
          if (pointerType === 'mouse') onLeave();
        }}
        onFocus={() => {
          if (chosen === undefined) onChoose(index);
        }}
        onBlur={onLeave}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onLeave();
          const next = moved(event.key, index, row);
          if (next === undefined) return;
          event.preventDefault();
          onChoose(next);
        }}
      >
        <canvas ref={canvas} style={{ width: px(columns * cell), height: px(lines * pitch) }} />
        {chosen !== undefined && (
          <>
            <span
              class="strip-frame"
              style={{ left: px(x), top: px(y), width: px(cell), height: px(cell) }}
            />
            <Large
              digit={row.digit}
              image={row.images[index]}
              images={images}
              x={(x + cell / 2) / density}
              bottom={(y + pitch) / density}
            />
          </>
        )}
      </div>
    </div>
  );
}

const firstMarked = ({ images }: Row) =>
  Math.max(
    images.findIndex(({ fate }) => fate !== 'right'),
    0,
  );

/** The image that a key leads to: left and right to the neighbours, up and down to marked ones. */
function moved(key: string, index: number, { images }: Row): number | undefined {
  const last = images.length - 1;
  const marked = images.flatMap(({ fate }, i) => (fate === 'right' ? [] : [i]));
  if (key === 'ArrowLeft') return Math.max(index - 1, 0);
  if (key === 'ArrowRight') return Math.min(index + 1, last);
  if (key === 'ArrowDown') return marked.find((i) => i > index) ?? index;
  if (key === 'ArrowUp') return marked.filter((i) => i < index).at(-1) ?? index;
  if (key === 'Home') return 0;
  return key === 'End' ? last : undefined;
}
