/** Memory of a tab, from what Linux reports about its process. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';

/** Megabytes; memory that processes share is divided among them. */
function sharedOutMb(pid: number): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  if (!found) throw new Error(`/proc/${pid}/smaps_rollup has no Pss`);
  return (Number(found[1]) * 1024) / 1e6;
}

/** Ticks per second in which Linux counts processor time. */
const TICKS = 100;

function cpuSecondsOf(pid: number): number {
  // The fields after the name, which may contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export interface TabMemory {
  /** Megabytes now. */
  now(): number;
  /** Most megabytes since the last call. */
  peak(): number;
  /** Processor time of all its threads so far, which says more than the clock on a busy machine. */
  cpuSeconds(): number;
  end(): void;
}

const EVERY_MS = 150;

/** Watches the largest tab of a browser. */
export async function watchTab(browser: Browser): Promise<TabMemory> {
  const debug = await browser.newBrowserCDPSession();
  const { processInfo } = await debug.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const sizes = renderers.map((pid) => [sharedOutMb(pid), pid] as const).sort(([a], [b]) => b - a);
  if (sizes.length === 0) throw new Error('the browser has no tab');
  const pid = sizes[0][1];
  let most = 0;
  const look = () => {
    const mb = sharedOutMb(pid);
    most = Math.max(most, mb);
    return mb;
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    now: look,
    peak: () => {
      const peak = Math.max(most, look());
      most = 0;
      return peak;
    },
    cpuSeconds: () => cpuSecondsOf(pid),
    end: () => clearInterval(timer),
  };
}
