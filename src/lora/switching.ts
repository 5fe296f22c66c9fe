/** States of a model's adapters that hold while a caller's function runs. */
import { modelParts } from '../nn/module.js';
import { Use } from '../nn/use.js';
import type { Adaptation } from './adaptation.js';

export interface SwitchedState {
  /** Name of the function that asks for it, for errors. */
  readonly call: string;
  /** Equal for equal states: their bodies may run side by side. */
  readonly key: string;
  /** Checks and sets the state. @returns a function that restores the previous state */
  readonly set: () => () => void;
}

/** A state that is set, or about to be, and how many bodies run in it. */
interface Switch {
  readonly key: string;
  readonly use: Use;
  bodies: number;
  restore: (() => void) | undefined;
}

const switches = new WeakMap<Adaptation, Switch>();

/**
 * Runs `body` in a state of the adapters, and restores the previous state when it is done or fails: after the last of
 * the bodies that asked for the same state, and after evaluations that began in it.
 * @throws Error while a body in another state runs, or the model is trained
 */
export async function whileSwitched<T>(
  adaptation: Adaptation,
  state: SwitchedState,
  body: () => T | Promise<T>,
): Promise<T> {
  for (let last = switches.get(adaptation); last?.use.isEnding; last = switches.get(adaptation)) {
    await last.use.ended;
  }
  const shared = join(adaptation, state);
  const { use } = shared;
  try {
    for (let wait = use.blocker; wait && !shared.restore; wait = use.blocker) await wait;
    shared.restore ??= state.set();
    return await body();
  } finally {
    shared.bodies -= 1;
    if (shared.bodies === 0) {
      use.isEnding = true;
      for (let wait = use.blocker; wait; wait = use.blocker) await wait;
      shared.restore?.();
      switches.delete(adaptation);
      use.end();
    }
  }
}

function join(adaptation: Adaptation, { call, key }: SwitchedState): Switch {
  const current = switches.get(adaptation);
  if (current?.key === key) {
    current.bodies += 1;
    return current;
  }
  const use = new Use('switch', call, modelParts(adaptation.model));
  const begun = { key, use, bodies: 1, restore: undefined };
  switches.set(adaptation, begun);
  return begun;
}
