/** Matches modules by an adapter's names, as PEFT does. */
import type { ModuleNames, ResolvedLoraConfig } from './config.js';
import { escapePattern, PythonPattern, StepBudget } from './pythonPattern.js';

type PathTest = (path: string) => boolean;

/** Whether a path is one of these names, or ends with one after a dot. */
export function matchesNames(path: string, names: readonly string[]): boolean {
  return names.some((name) => path === name || path.endsWith(`.${name}`));
}

/** Matches the modules of a model against a config; all its patterns share one budget of steps. */
export class ModuleMatcher {
  readonly #budget = new StepBudget();
  readonly #isTargeted: PathTest | undefined;
  readonly #isExcluded: PathTest;
  readonly #isSaved: PathTest;
  readonly #rank: (path: string) => number;
  readonly #alpha: (path: string) => number;

  /** @throws RangeError for a pattern that Python refuses or that is not supported here */
  constructor(config: ResolvedLoraConfig) {
    const { targetModules, excludeModules, modulesToSave, rankPattern, alphaPattern } = config;
    this.#isTargeted = targetModules === 'all-linear' ? undefined : this.#namesTest(targetModules);
    this.#isExcluded = this.#namesTest(excludeModules);
    // To leave out what is inside modules to save, PEFT uses their names as parts of a pattern.
    const saved = modulesToSave.map((name) => new PythonPattern(`(^|.*\\.)${name}($|\\..*)`));
    this.#isSaved = (path) => saved.some((pattern) => pattern.matchesStart(path, this.#budget));
    this.#rank = this.#numberOf(rankPattern, config.rank);
    this.#alpha = this.#numberOf(alphaPattern, config.alpha);
  }

  /** Whether a Linear or Embedding is to be adapted. Modules that are saved whole, and what is in them, never are. */
  isTarget(path: string, isLinear: boolean): boolean {
    if (this.#isExcluded(path) || this.#isSaved(path)) return false;
    return this.#isTargeted ? this.#isTargeted(path) : isLinear;
  }

  /** Whether a path is among the exclusions. */
  excludes(path: string): boolean {
    return this.#isExcluded(path);
  }

  /** Rank and alpha of an adapted module. */
  numbersOf(path: string): { readonly rank: number; readonly alpha: number } {
    return { rank: this.#rank(path), alpha: this.#alpha(path) };
  }

  #namesTest(names: ModuleNames): PathTest {
    if (names instanceof PythonPattern) return (path) => names.matchesWhole(path, this.#budget);
    if (!(names instanceof RegExp)) return (path) => matchesNames(path, names);
    const whole = new RegExp(`^(?:${names.source})$`, names.flags);
    return (path) => whole.test(path);
  }

  /** The value of the first pattern that a path, or its end after a dot, matches. */
  #numberOf(patterns: ReadonlyMap<string, number>, otherwise: number): (path: string) => number {
    const tests = Array.from(patterns, ([key, value]) => [this.#patternTest(key), value] as const);
    return (path) => tests.find(([test]) => test(path))?.[1] ?? otherwise;
  }

  #patternTest(key: string): PathTest {
    if (/^[\w.-]+$/.test(key)) return (path) => endsWithDots(path, key);
    const pattern = new PythonPattern(patternFor(key));
    return (path) => pattern.matchesStart(path, this.#budget);
  }
}

/** The pattern that PEFT makes of a key of `rank_pattern` or `alpha_pattern`. */
export function patternFor(key: string): string {
  return `(.*\\.)?(${key})$`;
}

/** `(.*\\.)?(key)$` for a key whose only pattern characters are dots: by far the most common, and a file may have one per module. */
function endsWithDots(path: string, key: string): boolean {
  const start = path.length - key.length;
  if (start < 0 || (start > 0 && path[start - 1] !== '.')) return false;
  for (let i = 0; i < key.length; i++) {
    if (key[i] !== '.' && key[i] !== path[start + i]) return false;
  }
  return true;
}

/** Whether a module is saved whole: its path ends with one of these, even in the middle of a name. */
export function isSavedWhole(path: string, names: readonly string[]): boolean {
  return path !== '' && names.some((name) => path.endsWith(name));
}

/** The outermost module that contains `path`, or is it, and is saved whole. */
export function ownerAmong(path: string, names: readonly string[]): string | undefined {
  const steps = path.split('.');
  return steps.map((_, i) => steps.slice(0, i + 1).join('.')).find((each) => isSavedWhole(each, names));
}

/** A pattern that matches only this path. */
export function exactPattern(path: string): string {
  return `^${escapePattern(path)}`;
}
