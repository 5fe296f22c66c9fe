/** The first thing that a new visitor sees: a drawing that the network misreads. */
import { effect } from '@preact/signals';
import { isLink } from './link.js';
import { SAMPLES } from './samples.js';
import { drawSample, sheet } from './sheet.js';
import { isNewHere } from './state.js';

/** Lets a sample draw itself, while the network is on its way, for visitors who have nothing here yet and draw nothing. */
export function greet(): void {
  const stop = effect(() => {
    if (isNewHere.value === undefined) return;
    // Apart from the effect, which would begin again with what it draws.
    queueMicrotask(() => {
      stop();
      if (isNewHere.value && sheet.value.length === 0 && !isLink(location.hash))
        drawSample(SAMPLES[0].strokes);
    });
  });
}
