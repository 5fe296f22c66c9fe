/**
 * Names of files that belong to a process: temporary files, and marks of directories in use. Each name identifies its process,
 * so that files of killed processes are recognised. The process number is not enough, since systems reuse numbers: the name
 * also has the time at which the process began, and the host.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** `tmp` is a file that is being written; the others are marks of directories in use. */
export type Kind = 'tmp' | 'run' | 'adapter' | 'checkpoint' | 'download';

export interface OwnName {
  readonly kind: string;
  readonly pid: number;
  readonly state: 'alive' | 'dead' | 'on another host';
}

/** The kind, the process, when it began, the host, and chance. */
const PATTERN = /^\.lowrank-([a-z]+)-(\d+)-([0-9a-f]+_\d+|unknown)-([0-9a-f]{8})-[0-9a-f]{12}$/;

/** A name that no other file has. */
export function ownName(kind: Kind): string {
  const { pid } = process;
  return `.lowrank-${kind}-${pid}-${begunAt(pid) ?? 'unknown'}-${host()}-${randomBytes(6).toString('hex')}`;
}

/** The parts of a name; undefined for the name of any other file. */
export function readOwnName(name: string): OwnName | undefined {
  const [, kind, digits, begun, where] = PATTERN.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const pid = Number(digits);
  if (where !== host()) return { kind, pid, state: 'on another host' };
  return { kind, pid, state: isAlive(pid, begun) ? 'alive' : 'dead' };
}

/** Whether a process is alive. In doubt it is: its file is better left than taken from it. */
function isAlive(pid: number, begun: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  if (begun === 'unknown') return true;
  const found = begunAt(pid);
  return found === undefined || found === begun;
}

/**
 * The boot of the machine and the tick in which a process began, as Linux reports them; undefined elsewhere, and for a
 * process that has ended but that its parent has not waited for yet.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function begunAt(pid: number): string | undefined {
  try {
    const boot = digest(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before the last parenthesis may have spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(fields[0]) ? 'ended' : `${boot}_${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Identifies the host or container: each container has its own process numbers, and may share the host's name. */
function host(): string {
  return digest(`${hostName()} ${attempt(() => readlinkSync('/proc/self/ns/pid'))}`);
}

/** The name of the host; empty where a runtime hides it. */
export function hostName(): string {
  return attempt(hostname);
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
