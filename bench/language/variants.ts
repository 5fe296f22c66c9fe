/** Which builds and precisions can be measured, and by which Node. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PRECISIONS, type Variant } from './variant.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROBE = "import('wasm-feature-detect').then((m) => m.relaxedSimd()).then((has) => console.log(has))";

/** The interpreter for a build. @throws Error with a sentence where there is none */
export function nodeFor(build: Variant['build']): string {
  if (build === 'simd') return process.execPath;
  relaxedNode ??= [process.env.LOWRANK_NODE24, process.execPath, 'node24'].find(hasRelaxedSimd);
  if (relaxedNode !== undefined) return relaxedNode;
  throw new Error('no Node with relaxed SIMD was found (LOWRANK_NODE24 names one of version 24)');
}

let relaxedNode: string | undefined;

function hasRelaxedSimd(node: string | undefined): node is string {
  if (!node) return false;
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync(node, ['-e', PROBE], { cwd: ROOT, encoding: 'utf8', stdio }).trim() === 'true';
  } catch {
    return false;
  }
}

export interface Available {
  readonly variants: readonly Variant[];
  /** A sentence for each build and precision that there is not. */
  readonly leftOut: readonly string[];
}

/**
 * Those of `asked` that there are.
 * @param refusals  why a precision is none, by its name
 * @param find  gives the Node of a build, or throws a sentence
 */
export function availableVariants(
  asked: readonly Variant[],
  refusals: Readonly<Record<string, string>>,
  find: (build: Variant['build']) => unknown = nodeFor,
): Available {
  const leftOut: string[] = [];
  const isThere = new Map<string, boolean>();
  for (const build of new Set(asked.map((variant) => variant.build))) {
    try {
      find(build);
      isThere.set(build, true);
    } catch (error) {
      leftOut.push(`lowrank ${build}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const precision of PRECISIONS) {
    const refusal = refusals[precision];
    if (refusal === undefined) isThere.set(precision, true);
    else if (asked.some((variant) => variant.precision === precision))
      leftOut.push(`lowrank ${precision}: ${refusal}`);
  }
  const has = (name: string) => isThere.get(name) === true;
  return { variants: asked.filter(({ build, precision }) => has(build) && has(precision)), leftOut };
}
