/** Which modules an adapter's names mean, as PEFT matches them. */
import type { ModuleNames, ResolvedLoraConfig } from './config.js';

/** Whether a path is one of these names, ends with one behind a dot, or is matched as a whole. */
export function matchesNames(path: string, names: ModuleNames): boolean {
  if (names instanceof RegExp) return names.exec(path)?.[0] === path;
  return names.some((name) => path === name || path.endsWith(`.${name}`));
}

/** Whether a Linear or Embedding at `path` is to be adapted. Modules that are saved whole, and what is in them, never are. */
export function isTarget(path: string, isLinear: boolean, config: ResolvedLoraConfig): boolean {
  const { targetModules, excludeModules, modulesToSave } = config;
  if (matchesNames(path, excludeModules) || ownerAmong(path, modulesToSave) !== undefined) return false;
  return targetModules === 'all-linear' ? isLinear : matchesNames(path, targetModules);
}

/** The outermost module that contains `path`, or is it, and has one of these names. */
export function ownerAmong(path: string, names: readonly string[]): string | undefined {
  const steps = path.split('.');
  return steps.map((_, i) => steps.slice(0, i + 1).join('.')).find((each) => matchesNames(each, names));
}

/** The value of the first pattern that a path, or its end behind a dot, matches. */
export function patternValue(
  path: string,
  patterns: Readonly<Record<string, number>>,
  otherwise: number,
): number {
  for (const [pattern, value] of Object.entries(patterns)) {
    if (new RegExp(`^(.*\\.)?(${pattern})$`).test(path)) return value;
  }
  return otherwise;
}

/** A pattern that matches this path alone. */
export function exactPattern(path: string): string {
  return `^${path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`;
}
