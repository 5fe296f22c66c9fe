/** Signals to processes under test. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of SIGINT, in the masks of /proc. */
const INTERRUPT = 1n << 1n;

/** Settles once a process handles SIGINT itself; where the system does not say so, after five seconds. */
export async function handlesInterrupts({ pid }: ChildProcess): Promise<void> {
  if (process.platform !== 'linux') {
    await sleep(5000);
    return;
  }
  for (;;) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, caught] = /^SigCgt:\s*([\da-f]+)/m.exec(status) ?? [];
    if ((BigInt(`0x${caught}`) & INTERRUPT) !== 0n) return;
    await sleep(50);
  }
}
