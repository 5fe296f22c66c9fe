/**
 * The template library as the rest of the project sees it: its types name their own modules without endings, which Node's
 * resolution does not find and a bundler's does, so that `src/text` would be checked against two different sets of types.
 */
// biome-ignore lint/suspicious/noExplicitAny: what Node's resolution makes of it
type Untyped = any;
export const Interpreter: Untyped;
export const Environment: Untyped;
export type Environment = Untyped;
export function parse(tokens: Untyped): Untyped;
export function tokenize(source: string, options?: Untyped): Untyped;
