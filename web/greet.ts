/** The first thing that a new visitor sees: a drawing that the network misreads. */
import { effect } from '@preact/signals';
import { drawings } from './drawings.js';
import { isLink } from './link.js';
import { SAMPLES } from './samples.js';
import { saved } from './saved.js';
import { drawSample, sheet } from './sheet.js';
import { ready } from './state.js';

/** Lets a sample draw itself once the network is there, for visitors who have nothing here yet and draw nothing. */
export function greet(): void {
  const stop = effect(() => {
    if (!ready.value) return;
    // Apart from the effect, which would begin again with what it draws.
    queueMicrotask(() => {
      stop();
      const hasNothing = !saved.value.adapter && drawings.value.length === 0;
      if (hasNothing && sheet.value.length === 0 && !isLink(location.hash)) drawSample(SAMPLES[0].strokes);
    });
  });
}
