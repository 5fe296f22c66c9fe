/** `lowrank export` on the command line. */
import { Command } from 'commander';
import { WEIGHTS } from '../../models/weights.js';
import { DEVICES } from '../options.js';
import { type Streams, withDefault } from '../streams.js';
import { EXPORT_DESCRIPTION, EXPORT_EXAMPLES, EXPORT_SUMMARY } from './exportHelp.js';
import {
  EXPORT_DEFAULTS,
  EXPORT_TARGETS,
  parseExportOptions,
  type RawExportOptions,
} from './exportOptions.js';
import { runExport } from './exportRun.js';
import { addModelOption } from './modelOption.js';
import { withReporting } from './reporting.js';
import { list } from './samplingOptions.js';

export function exportCommand(streams: Streams): Command {
  const command = addModelOption(
    new Command('export').summary(EXPORT_SUMMARY).description(EXPORT_DESCRIPTION),
  )
    .requiredOption('--adapter <dir[@scale]>', 'a LoRA adapter, scaled; repeatable with --to merged', list)
    .requiredOption('--to <form>', EXPORT_TARGETS.join(', '))
    .option('--out <path>', 'where to write it (default: beside the adapter)')
    .option('--type <type>', 'element type of what is written')
    .option('--base-name <name>', 'with --to peft: the repository or folder of the base')
    .option('--overwrite', 'replace what --out holds');
  addExportSettings(command);
  return command
    .addHelpText('after', EXPORT_EXAMPLES)
    .action((raw: RawExportOptions) => exportAdapter(raw, streams));
}

/** Adds the options for computing and output. */
function addExportSettings(command: Command): void {
  const { weights, device, threads } = EXPORT_DEFAULTS;
  command
    .optionsGroup('Computing:')
    .addOption(withDefault('--weights <type>', `element type of the base: ${WEIGHTS.join(', ')}`, weights))
    .addOption(withDefault('--device <name>', DEVICES.join(', '), device))
    .addOption(withDefault('--threads <n>', 'WebAssembly threads, 1 to 64, or auto', threads))
    .optionsGroup('Output:')
    .option('--json <file>', 'write what was written as JSON; - is standard output')
    .option('--quiet', 'no progress and no notices on standard error');
}

/** Runs `lowrank export`, and `lowrank merge` of a language model. */
export async function exportAdapter(raw: RawExportOptions, streams: Streams): Promise<void> {
  const options = parseExportOptions(raw);
  await withReporting(options.quiet, streams, (reporting) => runExport(options, streams, reporting));
}
