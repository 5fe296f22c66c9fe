/** Progress reports of a training run, frequent enough to look smooth. */
import type { OnProgress } from './views.js';

const REPORT_MS = 80;
/** Number of points of a loss curve. */
const POINTS = 100;

/** Reports at intervals, and at the end. */
export function throttled(onProgress: OnProgress) {
  const begun = performance.now();
  let [next, sum, count] = [begun, 0, 0];
  let losses: [number, number][] = [];
  return ({ iteration, iterations, loss }: { iteration: number; iterations: number; loss: number }) => {
    const isLast = iteration === iterations;
    sum += loss;
    count += 1;
    if (isLast || count >= iterations / POINTS) {
      losses.push([iteration, sum / count]);
      [sum, count] = [0, 0];
    }
    const now = performance.now();
    if (now < next && !isLast) return;
    onProgress({ iteration, iterations, losses, perSecond: (1000 * iteration) / (now - begun) });
    [next, losses] = [now + REPORT_MS, []];
  };
}
