/** The README of a training run, and what its adapter calls the base. */
import { readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { exists } from '../../node/files.js';
import { repositoryOf } from './baseName.js';
import type { BasePlace } from './loadingText.js';
import { promptFormat } from './promptFormat.js';
import { DATA_USES } from './readData.js';
import { type RunData, type RunResult, runReadme } from './runReadme.js';
import { systemInForce } from './systemInForce.js';
import type { TrainOutcome } from './trainLoop.js';
import type { TrainCommand } from './trainOptions.js';
import { adaptedNames, adapterKind } from './trainScreen.js';
import type { TrainSetup } from './trainSetup.js';

/** The repository that the base is from, or the path of its files. */
export async function baseNameOf(path: string): Promise<string> {
  return (await repositoryOf(await placeOf(path))) ?? path;
}

async function placeOf(path: string): Promise<BasePlace> {
  return { kind: (await exists(`${path}/config.json`)) ? 'folder' : 'gguf', path };
}

/** Markdown. */
export async function trainReadme(
  setup: TrainSetup,
  outcome: TrainOutcome,
  { out, model: given, system }: TrainCommand,
  settings: Readonly<Record<string, string | boolean>>,
): Promise<string> {
  const { data, adapter, parameters, trainable, valid, keep } = setup;
  const { before, after, keepBefore, keepAfter } = outcome;
  const place = await placeOf(data.path);
  const shown = DATA_USES.flatMap((use): RunData[] => {
    const part = data.summary[use];
    return part ? [{ part: use, ...part }] : [];
  });
  const results: RunResult[] = [];
  if (valid) results.push({ part: 'held-out examples', before: before ?? null, after: after ?? null });
  if (keep) results.push({ part: keep.name, before: keepBefore ?? null, after: keepAfter ?? null });
  const { config } = adapter;
  const fitsGguf = !config.useDora && config.bias === 'none' && config.modulesToSave.length === 0;
  const examples = setup.train.examples.map(({ read }) => read);
  const inForce = systemInForce(data.tokenizer, examples, system);
  return runReadme({
    base: {
      ...place,
      path: relative(resolve(out), resolve(data.path)),
      name: basename(given),
      parameters,
      repository: await repositoryOf(place),
    },
    adapter: {
      kind: adapterKind(setup),
      ...{ rank: config.rank, alpha: config.alpha, parameters: trainable },
      ...{ targets: adaptedNames(setup), fitsGguf },
    },
    ...{ data: shown, results, settings, steps: outcome.steps, seconds: outcome.seconds },
    system: inForce,
    format: inForce === undefined ? undefined : promptFormat(data.tokenizer),
    version: packageVersion(),
  });
}

/** Three levels up from here is the package's root, from `src/cli/language` as from `dist/cli/language`. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  // The file is the package's own.
  return (JSON.parse(text) as { version: string }).version;
}
