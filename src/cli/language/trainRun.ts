/** Runs `lowrank train`, from the files to the adapter and the report. */
import { DataError } from '../../core.js';
import { withDirectory } from '../../node/inUse.js';
import { writeFileAtomic } from '../../node.js';
import { Interrupted } from '../errors.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { printPainted } from '../output.js';
import type { Streams } from '../streams.js';
import { renderDataSummary } from './dataReport.js';
import { lossPlot } from './lossPlot.js';
import type { RunReporting } from './reporting.js';
import { RunFolder } from './runFolder.js';
import { RunMetrics } from './runMetrics.js';
import { trainAdapter } from './trainLoop.js';
import type { TrainCommand } from './trainOptions.js';
import { baseNameOf, trainReadme } from './trainReadme.js';
import { renderTrainReport } from './trainReport.js';
import { renderTrainScreen } from './trainScreen.js';
import { settingsText } from './trainSettings.js';
import { checkMemory, readTrainData, setUp, type TrainData, type TrainSetup } from './trainSetup.js';
import type { Run } from './trainSteps.js';
import { trainSummary } from './trainSummary.js';

export interface TrainRequest {
  readonly options: TrainCommand;
  /** All options by their names, as text, for the run folder. */
  readonly settings: Readonly<Record<string, string | boolean>>;
  /** Whether an option was given, rather than left at its default. */
  readonly isGiven: (name: string) => boolean;
}

/**
 * Checks everything before the long work, trains, and writes the run folder and the report.
 * @throws UsageError, DataError, DeviceError for what cannot be trained, before anything is written
 */
export async function runTrain(
  request: TrainRequest,
  streams: Streams,
  reporting: RunReporting,
): Promise<void> {
  const { options } = request;
  const { json } = options;
  const jsonPath = json !== undefined && json !== '-' ? await ensureWritableFile(json) : undefined;
  const folder = new RunFolder(options.out);
  const run = async () => {
    if (!options.dryRun) await folder.check(options);
    const data = await readTrainData(options, reporting);
    refuse(data, options, streams);
    const setup = await setUp(data, request, reporting);
    try {
      show(renderTrainScreen(setup, options), options, streams);
      checkMemory(setup);
      if (!options.dryRun) await trainInto(folder, { ...request, setup, jsonPath }, streams, reporting);
    } finally {
      setup.device.dispose();
    }
  };
  if (options.dryRun) return run();
  return withDirectory(options.out, { kind: 'run' }, run);
}

/** Screens and reports leave standard output to the JSON that was asked for there. */
function show(text: string, { json, quiet }: TrainCommand, { stdout, stderr }: Streams): void {
  if (json !== '-') printPainted(stdout, text);
  else if (!quiet) printPainted(stderr, text);
}

/** @throws DataError with all problems of the data, after their summary */
function refuse({ summary }: TrainData, options: TrainCommand, streams: Streams): void {
  if (summary.problems.length === 0) return;
  show(renderDataSummary(summary), options, streams);
  throw new DataError(`${options.data}: cannot be trained on: ${summary.problems.join('; ')}`);
}

interface Into extends TrainRequest {
  readonly setup: TrainSetup;
  readonly jsonPath: string | undefined;
}

async function trainInto(
  folder: RunFolder,
  { setup, options, settings, jsonPath }: Into,
  streams: Streams,
  reporting: RunReporting,
): Promise<void> {
  const metrics = new RunMetrics(folder.metrics);
  const continues = options.resume && (await folder.hasCheckpoint());
  if (continues) await metrics.read();
  else {
    await folder.clear();
    await folder.saveSettings(settingsText(settings));
  }
  const baseModel = await baseNameOf(setup.data.path);
  const run = { setup, options, continues, folder, metrics, baseModel, reporting };
  const outcome = await trainAdapter(run).catch(async (error: unknown) => {
    if (error instanceof Interrupted) await leave(run);
    throw error;
  });
  if (outcome.isStopped) return leave(run);
  await folder.saveAdapter(setup.model, baseModel);
  const svg = await lossPlot(metrics, outcome.before?.loss, reporting.notice);
  if (svg !== undefined) await folder.savePlot(svg);
  await folder.saveReadme(await trainReadme(setup, outcome, options, settings));
  const text = jsonText(trainSummary(options, setup, outcome, metrics));
  if (options.json === '-') streams.stdout.write(text);
  if (jsonPath !== undefined) await writeFileAtomic(jsonPath, new TextEncoder().encode(text));
  await folder.removeCheckpoint();
  show(`\n${renderTrainReport(setup, outcome, options.out)}`, options, streams);
}

/** Leaves an adapter in the folder of a stopped run, and says how to continue. */
async function leave({ setup, options, folder, metrics, baseModel, reporting }: Run): Promise<void> {
  const { length: steps } = metrics.steps;
  if (steps === 0) {
    reporting.notice('stopped before the first step: the same command with --resume begins again');
    return;
  }
  // With validation the folder has the weights that were best so far.
  if (!(await folder.hasAdapter())) await folder.saveAdapter(setup.model, baseModel);
  reporting.notice(
    `stopped at step ${steps} of ${setup.course.steps}; ${options.out} has the adapter so far: the same command with --resume continues`,
  );
}
