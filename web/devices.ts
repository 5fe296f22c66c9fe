/** The devices of this browser, looked for when a visitor may want to choose one. */
import { signal } from '@preact/signals';
import type { DeviceReport } from 'lowrank';
import { ask } from './labClient.js';
import { reasonOf, say } from './work.js';

export const devices = signal<readonly DeviceReport[]>([]);

export async function lookForDevices(): Promise<void> {
  if (devices.value.length > 0) return;
  try {
    devices.value = await ask((lab) => lab.devices());
  } catch (error) {
    say('error', `The devices of this browser could not be listed: ${reasonOf(error)}`);
  }
}
