/** `lowrank devices`: what this machine can compute on, as a table. */
import Table from 'cli-table3';
import type { DeviceReport } from '../core.js';
import type { Paint } from './paint.js';

/** Columns of the reasons; the whole table stays below 100. */
const REASON_WIDTH = 46;

/** The table as text, with a newline at its end. */
export function renderDevices(devices: readonly DeviceReport[], paint: Paint): string {
  const table = new Table({
    colWidths: [null, null, null, null, REASON_WIDTH],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  table.push(['device', 'available', 'auto', 'features', 'why']);
  for (const { name, available, chosen, features, reason } of devices) {
    table.push([
      name,
      available ? paint('green', 'yes') : 'no',
      chosen ? 'takes it' : '',
      features.join(', '),
      reason.replace(`${name}: `, ''),
    ]);
  }
  return `${table.toString()}\n`;
}
