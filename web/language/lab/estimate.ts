/** Estimates how long a lesson takes here: two of its steps are run, then discarded with the adapter that they trained. */
import { fit } from 'lowrank';
import { type LlamaForCausalLM, type PackedBatch, tokenLoss } from 'lowrank/text';
import type { Lesson } from '../api.js';
import type { OpenedModel } from './opened.js';
import { PROBE_SHARE } from './probes.js';
import { setUp } from './setup.js';

/** Number of measured steps; the first is slower than the rest. */
const STEPS = 2;

/** @returns seconds @throws the signal's reason */
export async function estimateSeconds(
  opened: OpenedModel,
  lesson: Lesson,
  signal: AbortSignal,
): Promise<number> {
  const setup = await setUp(opened, lesson, signal);
  const { model, rows, optimizer, taught, steps } = setup;
  const { epochs, seed } = lesson.settings;
  const tokensOf = (numbers: Iterable<number>) =>
    [...numbers].reduce((sum, i) => sum + taught[i].example.ids.length, 0);
  let [begun, tokens, msPerToken] = [performance.now(), 0, 0];
  try {
    await fit<LlamaForCausalLM, PackedBatch>(model, rows, {
      ...{ optimizer, epochs, seed, limit: Math.min(STEPS, steps), signal },
      loss: (_, batch) => {
        tokens += tokensOf(batch.examples);
        return tokenLoss(model, batch);
      },
      onStep: () => {
        const now = performance.now();
        msPerToken = (now - begun) / tokens;
        [begun, tokens] = [now, 0];
      },
    });
    signal.throwIfAborted();
  } finally {
    optimizer.dispose();
    opened.takeBack(model, 'an adapter');
  }
  const all = epochs * tokensOf(taught.keys());
  const asking = lesson.probes.length > 0 ? 1 / (1 - PROBE_SHARE) : 1;
  return (all * msPerToken * asking) / 1000;
}
