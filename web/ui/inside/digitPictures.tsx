import { useEffect, useMemo, useState } from 'preact/hooks';
import { DIGITS } from '../../format.js';
import type { Inside } from '../../lab/views.js';
import { difference, digitOf, effectOn, scaleOf } from './numbers.js';
import { Raster } from './raster.js';
import { effectText, noiseText, strengthText } from './words.js';

const SIDE = 28;

interface Layered {
  readonly name: 'before' | 'change' | 'after';
  /** Pictures by digit. */
  readonly pictures: readonly Float32Array[];
  readonly scale: number;
}

interface DigitPicturesProps {
  readonly inside: Inside;
  readonly pixels: Uint8Array | undefined;
  readonly digit: number | undefined;
}

/** What the network looks for in each digit, one of them enlarged. */
export function DigitPictures({ inside, pixels, digit }: DigitPicturesProps) {
  const [picked, setPicked] = useState<number>();
  // Another digit was taught, so that one is shown.
  useEffect(() => setPicked(undefined), [digit]);
  const rows = useMemo(() => rowsOf(inside), [inside]);
  const shown = picked ?? digit ?? 0;
  return (
    <section class="looks-for" aria-labelledby="looks-for-title">
      <h3 id="looks-for-title">What it looks for in each digit</h3>
      <p>
        The network gives each digit a score: all pixels of the drawing, weighted as in the digit's picture.
        The highest score is its answer.
      </p>
      <p>
        <Key tint="for">Ink here speaks for the digit</Key>
        <Key tint="against">Ink here speaks against it</Key>
      </p>
      <p class="hint">
        {rows.length > 1
          ? `From top to bottom: before, change, after. ${strengthText(rows[0].scale, rows[1].scale)} ${noiseText(inside)}`
          : 'Teach it something to see here what changed.'}
      </p>
      <div class="ten-digits">
        {DIGITS.map((each) => (
          <button
            key={each}
            type="button"
            class="digit-pictures"
            aria-label={`What it looks for in a ${each}`}
            aria-pressed={each === shown}
            onClick={() => setPicked(each)}
          >
            <span aria-hidden="true">{each}</span>
            {rows.map(({ name, pictures, scale }) => (
              <Raster key={name} values={pictures[each]} columns={SIDE} scale={scale} tint="speaks" />
            ))}
          </button>
        ))}
      </div>
      <Enlarged inside={inside} rows={rows} pixels={pixels} digit={shown} />
    </section>
  );
}

/** Rows of pictures; only the base's if there is no adapter. */
function rowsOf({ before, after }: Inside): Layered[] {
  const picturesOf = (weights: Float32Array) => DIGITS.map((digit) => digitOf(weights, digit));
  const scale = scaleOf(before.weights);
  const base: Layered = { name: 'before', pictures: picturesOf(before.weights), scale };
  if (!after) return [base];
  const change = difference(after.weights, before.weights);
  return [
    base,
    { name: 'change', pictures: picturesOf(change), scale: scaleOf(change) },
    { name: 'after', pictures: picturesOf(after.weights), scale },
  ];
}

function Enlarged(props: Omit<DigitPicturesProps, 'digit'> & { rows: Layered[]; digit: number }) {
  const { inside, rows, pixels, digit } = props;
  const effect = useMemo(
    () => (pixels ? effectOn(inside, pixels, digit) : undefined),
    [inside, pixels, digit],
  );
  return (
    <div class="enlarged">
      {rows.map(({ name, pictures, scale }) => (
        <Picture key={name} title={rows.length > 1 ? `${digit}, ${name}` : `${digit}`}>
          <Raster
            values={pictures[digit]}
            columns={SIDE}
            scale={scale}
            tint="speaks"
            label={`What it looks for in a ${digit}, ${name}`}
          />
        </Picture>
      ))}
      {effect && (
        <Picture title={`Your ink × change of ${digit}`}>
          <Raster
            values={effect.ink}
            columns={SIDE}
            scale={scaleOf(effect.ink.filter((value) => value !== 0))}
            tint="speaks"
            label={`Where the ink of your drawing speaks for and against ${digit}, through the change`}
          />
        </Picture>
      )}
      {effect && <p aria-live="polite">{effectText(digit, effect)}</p>}
      {!effect && inside.after && <p class="hint">Draw something to see what the change does to your ink.</p>}
    </div>
  );
}

function Picture({
  title,
  children,
}: {
  readonly title: string;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <figure class="picture">
      {children}
      <figcaption>{title}</figcaption>
    </figure>
  );
}

function Key({ tint, children }: { readonly tint: 'for' | 'against'; readonly children: string }) {
  return (
    <span class={`key key-${tint}`}>
      <i aria-hidden="true" />
      {children}
    </span>
  );
}
