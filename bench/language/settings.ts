/** The runs of a benchmark: every combination of the requested values. */

/** A value for each varied option, such as `learning-rate`. */
export type Settings = ReadonlyMap<string, string>;

/**
 * Parses `name=value,value` for an option of `lowrank train`.
 * @throws RangeError for any other text
 */
export function variedOption(text: string): readonly [name: string, values: readonly string[]] {
  const [, name, list] = /^(?:--)?([a-z][a-z-]*)=(.+)$/.exec(text) ?? [];
  const values = list?.split(',') ?? [];
  if (name === undefined || values.includes(''))
    throw new RangeError(
      `--vary: must be an option and its values, such as learning-rate=1e-4,2e-4: ${text}`,
    );
  return [name, values];
}

/** All combinations, the last option varying fastest; one without any where nothing varies. */
export function combinations(varied: readonly (readonly [string, readonly string[]])[]): Settings[] {
  let all: Settings[] = [new Map()];
  for (const [name, values] of varied)
    all = all.flatMap((settings) => values.map((value) => new Map([...settings, [name, value]])));
  return all;
}

/** The settings as command-line arguments. */
export function optionsOf(settings: Settings): string[] {
  return Array.from(settings, ([name, value]) => [`--${name}`, value]).flat();
}
