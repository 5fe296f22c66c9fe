import type { CSSProperties } from 'preact';
import { useState } from 'preact/hooks';
import { type Part, type PartName, type Parts, rangeText, signed, sizeText } from './parts.js';
import { Raster } from './raster.js';

/** Most pixels per weight, by the layer's width: narrow layers are drawn larger. */
const unitOf = (columns: number) => Math.max(1, Math.round(400 / columns));

interface Place {
  readonly name: PartName;
  readonly row: number;
  readonly column: number;
}

const STEPS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The block with A above it and B beside it, to scale: each number of the block lines up with its row of B and column of A. */
export function StripFigure({ parts }: { readonly parts: Pick<Parts, 'block'> & Partial<Parts> }) {
  const [chosen, setChosen] = useState<Place>({ name: 'block', row: 0, column: 0 });
  const place = inside(chosen, parts);
  const { block, a } = parts;
  const sizes: CSSProperties = {
    '--in': block.columns,
    '--out': block.rows,
    '--rank': a?.rows ?? 0,
    '--room': Math.max(16, a?.rows ?? 0),
    '--unit-most': unitOf(block.columns),
  };
  return (
    <div class="strips">
      <div class="strips-grid" style={sizes}>
        {(['a', 'b', 'block'] as const).map((name) => {
          const part = parts[name];
          return (
            part && (
              <Strip
                key={name}
                name={name}
                part={part}
                place={place.name === name ? place : undefined}
                onPlace={(row, column) => setChosen({ name, row, column })}
              />
            )
          );
        })}
      </div>
      <Numbers part={parts[place.name] ?? block} place={place} />
    </div>
  );
}

/** The last place of the pointer, if it still exists. */
function inside(place: Place, parts: Pick<Parts, 'block'> & Partial<Parts>): Place {
  const part = parts[place.name];
  return part && place.row < part.rows && place.column < part.columns
    ? place
    : { name: 'block', row: 0, column: 0 };
}

function Strip(props: {
  readonly name: PartName;
  readonly part: Part;
  readonly place: Place | undefined;
  readonly onPlace: (row: number, column: number) => void;
}) {
  const { name, part, place, onPlace } = props;
  const { rows, columns } = part;
  const clamped = (row: number, column: number) =>
    onPlace(Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column)));
  const point = ({ currentTarget, clientX, clientY }: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = currentTarget.querySelector('canvas')?.getBoundingClientRect();
    if (!box) return;
    const [y, x] = [(clientY - box.top) / box.height, (clientX - box.left) / box.width];
    clamped(Math.floor(y * rows), Math.floor(x * columns));
  };
  /** Chooses a place for the keyboard or a screen reader, which do not point at a pixel. */
  const choose = () => clamped(place?.row ?? 0, place?.column ?? 0);
  const step = (event: KeyboardEvent) => {
    const [down, right] = STEPS[event.key] ?? [0, 0];
    if (down === 0 && right === 0) return;
    event.preventDefault();
    clamped((place?.row ?? 0) + down, (place?.column ?? 0) + right);
  };
  return (
    <button
      type="button"
      class={`strip strip-${name}`}
      aria-label={sizeText(part)}
      aria-pressed={place !== undefined}
      onPointerMove={point}
      onPointerDown={point}
      onClick={({ detail }) => detail === 0 && choose()}
      onFocus={({ currentTarget }) => currentTarget.matches(':focus-visible') && choose()}
      onKeyDown={step}
    >
      <Raster {...part} />
      <span class="strip-name" aria-hidden="true">
        {part.title}
        {part.kind === 'frozen' && (
          <>
            , frozen <Lock />
          </>
        )}
      </span>
    </button>
  );
}

function Lock() {
  return (
    <svg class="lock" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d="M3 7h10v8H3z M5 7V4.5a3 3 0 0 1 6 0V7" />
    </svg>
  );
}

function Numbers({ part, place: { row, column } }: { readonly part: Part; readonly place: Place }) {
  return (
    <p class="strip-numbers" aria-live="polite">
      <strong>{sizeText(part)}</strong>, {rangeText(part)}. Row {row + 1}, column {column + 1}:{' '}
      <b>{signed(part.values[row * part.columns + column])}</b>
    </p>
  );
}
