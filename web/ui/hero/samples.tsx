import { SAMPLES } from '../../samples.js';
import { canUndo, clear, drawSample, sheet, showImage, undo } from '../../sheet.js';
import { quickDigits } from '../../state.js';
import type { Stroke } from '../../strokes.js';

/** Actions for the pad, and sample drawings. */
export function Samples() {
  const isEmpty = sheet.value.length === 0;
  return (
    <section class="samples" aria-label="The pad">
      <div class="samples-row">
        <span class="samples-title">Draw for me</span>
        {SAMPLES.map(({ name, strokes }) => (
          <button key={name} type="button" class="quiet" title={name} onClick={() => drawSample(strokes)}>
            <StrokeIcon strokes={strokes} />
            <span class="visually-hidden">Draw for me: {name}</span>
          </button>
        ))}
        <AnyDigit />
      </div>
      <button type="button" class="quiet" aria-disabled={!canUndo.value} onClick={undo}>
        Undo
      </button>
      <button type="button" class="quiet" aria-disabled={isEmpty} onClick={() => !isEmpty && clear()}>
        Clear
      </button>
    </section>
  );
}

/** A digit from the test images, written by somebody else. */
function AnyDigit() {
  const digits = quickDigits.value;
  const images = digits instanceof Error ? undefined : digits?.images;
  const show = () => {
    if (!images) return;
    const at = 784 * Math.floor((Math.random() * images.length) / 784);
    showImage(images.slice(at, at + 784));
  };
  return (
    <button
      type="button"
      class="quiet"
      title="A digit that a stranger wrote"
      aria-disabled={!images}
      onClick={show}
    >
      <span aria-hidden="true">0–9</span>
      <span class="visually-hidden">A digit that a stranger wrote, from the test images</span>
    </button>
  );
}

function StrokeIcon({ strokes }: { readonly strokes: readonly Stroke[] }) {
  return (
    <svg class="stroke-icon" viewBox="0.15 0.1 0.7 0.8" aria-hidden="true">
      {strokes.map((stroke, i) => (
        <polyline key={i} points={stroke.map((point) => point.join()).join(' ')} />
      ))}
    </svg>
  );
}
