/** The first thing a new visitor sees: a drawing that the network misreads. */
import { effect } from '@preact/signals';
import { isLink } from './link.js';
import { SAMPLES } from './samples.js';
import { drawSample, sheet } from './sheet.js';
import { isNewHere } from './state.js';

/** Lets a sample draw itself while the network loads, for new visitors who have not drawn anything. */
export function greet(): void {
  const stop = effect(() => {
    if (isNewHere.value === undefined) return;
    // Outside the effect, which its own drawing would start again.
    queueMicrotask(() => {
      stop();
      if (isNewHere.value && sheet.value.length === 0 && !isLink(location.hash))
        drawSample(SAMPLES[0].strokes);
    });
  });
}
