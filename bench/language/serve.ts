/** The other end of a LineProcess: answers each line on standard input with one on standard output. */
import { createInterface } from 'node:readline';
import type { Sample, Samples } from './contender.js';

export interface Service {
  readonly how: string;
  check(): Promise<readonly number[]>;
  time(round: number): Promise<Samples>;
}

interface Question {
  readonly do: 'hello' | 'check' | 'time';
  readonly round: number;
}

/** Opens the service at the first question; ends with the input. */
export async function serve(open: () => Promise<Service>): Promise<void> {
  let service: Service | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const question: Question = JSON.parse(line);
    let answer: object;
    try {
      service ??= await open();
      answer = await answerOf(service, question);
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    process.stdout.write(`${JSON.stringify({ ...answer, peakBytes })}\n`);
  }
  // Threads of kernels would keep the process alive.
  process.exit(0);
}

async function answerOf(service: Service, { do: what, round }: Question): Promise<object> {
  if (what === 'hello') return { how: service.how };
  if (what === 'check') return { values: await service.check() };
  return { samples: await service.time(round) };
}

/** Runs work, and measures its wall-clock and CPU time. */
export async function timed(work: number, run: () => Promise<unknown>): Promise<Sample> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await run();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { work, seconds, cpuSeconds: (user + system) / 1e6 };
}
