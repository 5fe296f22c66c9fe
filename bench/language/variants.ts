/** The builds that can be measured, and the Node that runs each. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Variant } from './variant.js';

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
  /** A sentence for each build that is not available. */
  readonly leftOut: readonly string[];
}

/**
 * Those of `asked` that are available.
 * @param find  returns the Node of a build, or throws a sentence
 */
export function availableVariants(
  asked: readonly Variant[],
  find: (build: Variant['build']) => unknown = nodeFor,
): Available {
  const leftOut: string[] = [];
  const there = new Set<string>();
  for (const build of new Set(asked.map((variant) => variant.build))) {
    try {
      find(build);
      there.add(build);
    } catch (error) {
      leftOut.push(`lowrank ${build}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { variants: asked.filter(({ build }) => there.has(build)), leftOut };
}
