/** Runs `lowrank data`, from the files to the report. */
import { printable } from '../../base/printable.js';
import { loadTokenizer } from '../../models/loadTokenizer.js';
import { writeFileAtomic } from '../../node.js';
import { placeOf } from '../../text/badLines.js';
import { UNTRAINED } from '../../text/examples.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { count, integer } from '../format.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { modelPath } from '../modelPath.js';
import { printPainted } from '../output.js';
import { type Paint, paintFor } from '../paint.js';
import type { Streams } from '../streams.js';
import { wrapped } from '../wrap.js';
import type { DataCommand } from './dataOptions.js';
import { renderDataSummary } from './dataReport.js';
import { type DataSummary, dataSummary } from './dataSummary.js';
import { maxLengthOf } from './maxLength.js';
import { DATA_USES, type DataExample, type LanguageData, readData } from './readData.js';
import type { RunReporting } from './reporting.js';
import { shownTokens } from './shownTokens.js';

const MAX_PROBLEM = 400;

/** Reads the data as a training run would, and reports. @throws DataError for files that cannot be read */
export async function runData(
  options: DataCommand,
  { stdout, stderr }: Streams,
  { progress, signal }: RunReporting,
): Promise<void> {
  const { json, quiet } = options;
  const toFile = json !== undefined && json !== '-' ? await ensureWritableFile(json) : undefined;
  const path = await modelPath(options, progress, signal);
  const { tokenizer, config } = await loadTokenizer(path);
  const maxLength = maxLengthOf(options.maxLength, config.contextLength);
  const data = await readData(tokenizer, options, { progress, signal });
  const summary = dataSummary(tokenizer, data, { ...options, maxLength });
  const text = jsonText(summary);
  if (json === '-') stdout.write(text);
  if (toFile !== undefined) await writeFileAtomic(toFile, new TextEncoder().encode(text));
  if (json === '-' && quiet) return;
  const to = json === '-' ? stderr : stdout;
  printPainted(to, reportOf(tokenizer, data, summary, options, paintFor(to)));
}

function reportOf(
  tokenizer: Tokenizer,
  { parts }: LanguageData,
  summary: DataSummary,
  options: DataCommand,
  paint: Paint,
): string {
  const examples = DATA_USES.map((use) => parts[use]?.examples ?? []).find(({ length }) => length > 0) ?? [];
  const shown = examples
    .slice(0, options.show)
    .map((example) => `${paint('bold', headingOf(example))}\n${linesOf(tokenizer, example, paint)}\n\n`);
  return `${shown.join('')}${renderDataSummary(summary)}\n${verdict(summary, paint)}\n`;
}

function headingOf({ tokens }: DataExample): string {
  const { ids, labels } = tokens;
  const trained = labels.reduce((sum, label) => sum + (label === UNTRAINED ? 0 : 1), 0);
  const place = placeOf(tokens);
  return `${place[0].toUpperCase()}${place.slice(1)}: ${count(ids.length, 'token')}, of which ${integer(trained)} trained`;
}

function linesOf(tokenizer: Tokenizer, { tokens }: DataExample, paint: Paint): string {
  return shownTokens(tokenizer, tokens, paint).join('\n');
}

function verdict({ problems }: DataSummary, paint: Paint): string {
  if (problems.length === 0) return paint('green', 'A training run accepts these data.');
  const lines = problems.flatMap((problem) => wrapped('  ', printable(problem, MAX_PROBLEM)));
  return [paint('red', 'A training run refuses these data:'), ...lines].join('\n');
}
