/** `lowrank devices`: what this machine can compute on, as a table. */
import Table from 'cli-table3';
import { printable } from '../base/printable.js';
import type { DeviceReport } from '../core.js';
import { integer } from './format.js';
import type { Paint } from './paint.js';

/** Columns of features and reasons; the whole table stays below 100. */
const FEATURES_WIDTH = 20;
const REASON_WIDTH = 42;
/** Characters of a reason, which a driver or a runtime may have worded. */
const MAX_REASON = 500;

/** The table as text, with a newline at its end. */
export function renderDevices(devices: readonly DeviceReport[], paint: Paint): string {
  const table = new Table({
    colWidths: [null, null, null, FEATURES_WIDTH, REASON_WIDTH],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(['device', 'available', 'auto', 'features', 'why']);
  for (const { name, available, chosen, features, reason } of devices) {
    table.push([
      name,
      available ? paint('green', 'yes') : 'no',
      chosen ? 'chosen' : '',
      features.join(', '),
      printable(reason.replace(`${name}: `, ''), MAX_REASON),
    ]);
  }
  return `${[table.toString(), ...devices.flatMap(adapterLines)].join('\n')}\n`;
}

/** The adapter of a device, and its limits. */
function adapterLines({ name, adapter, limits }: DeviceReport): string[] {
  if (adapter === undefined) return [];
  const all = Object.entries(limits ?? {}).map(([limit, value]) => `${limit} ${integer(value)}`);
  return [`${name} runs on ${printable(adapter)}`, ...all.map((each) => `  ${each}`)];
}
