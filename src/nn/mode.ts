/**
 * Training and evaluation mode of single forward passes. `fit` and `evaluate` run for many turns of the event loop, but
 * each of their forward passes is synchronous: the mode holds for that pass, so calls that run side by side cannot
 * change each other's mode, and a module's own `training` flag is never touched.
 */
import type { Module } from './module.js';

/** Which modules are in training mode. */
export interface Modes {
  isTraining(module: Module): boolean;
}

let current: Modes | undefined;

/** Mode of a module in the current pass; undefined outside of such a pass. */
export function modeInPass(module: Module): boolean | undefined {
  return current?.isTraining(module);
}

/** Modes of the current pass; undefined outside of such a pass. */
export function modesInPass(): Modes | undefined {
  return current;
}

/** Runs a synchronous `body`, such as a forward pass, in these modes; undefined: each module's own. */
export function withModes<T>(modes: Modes | undefined, body: () => T): T {
  const outer = current;
  current = modes;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Modes as `model.eval()` sets them. */
export function evaluationModes(model: Module): Modes {
  return modesAfter(model, false, () => model.eval());
}

/** Modes for training: the modules' own, or, where the model is in evaluation mode, as `model.train()` sets them. */
export function trainingModes(model: Module): Modes {
  return modesAfter(model, true, () => {
    if (!model.training) model.train();
  });
}

/** @param byDefault  mode of a module that joins the model later */
function modesAfter(model: Module, byDefault: boolean, set: () => void): Modes {
  return withModes(undefined, () => {
    const own = Array.from(model.namedModules(), ([, module]) => ({ module, training: module.training }));
    try {
      set();
      const others = new Set(
        own.map(({ module }) => module).filter(({ training }) => training !== byDefault),
      );
      return { isTraining: (module) => others.has(module) !== byDefault };
    } finally {
      for (const { module, training } of own) module.training = training;
    }
  });
}
