/**
 * Threads that share one memory. One of them, the main one, runs a program; the others wait for commands that are
 * worth dividing, take shares of them until none is left, and wait again. The main thread also takes shares, and continues
 * when all are done: so it never waits for a sleeping thread, only for shares that were taken. Where those come late,
 * because other programs use the cores, it works alone for a while.
 *
 * The control block is {@link CONTROL_BYTES} bytes, one cache line each for what is written at different times.
 */
import { execute } from './command';
import { matmulScratchBytes } from './matmul/matmul';

const CONTROL_BYTES: usize = 256;

/** i64: the number of commands, times {@link TICKETS}, plus the next share that is not taken yet. */
const TICKET: usize = 0;
/** The command, and its number of shares; written before its ticket. */
const COMMAND: usize = 64;
const SHARES: usize = 68;
/** i32: number of shares that are done, and of those taken by threads other than the main one. */
const DONE: usize = 128;
const HELPED: usize = 132;
/** i32: number of threads that sleep, or are about to. */
const SLEEPERS: usize = 192;

/** u32, only for the main thread: commands that it does alone before it asks for help again, and how many the last time. */
const ALONE: usize = 224;
const PAUSE: usize = 228;
/** u32, also only for the main thread: how little its recent requests have helped. */
const SCORE: usize = 232;

/**
 * A thread that sleeps may take a millisecond to come, and is then awake for the commands that follow; one that was
 * interrupted in its share costs more than many shares have saved.
 */
const SCORE_OF_MISS: u32 = 1;
const SCORE_OF_LATE: u32 = 16;
const WORST_SCORE: u32 = 64;

const FIRST_PAUSE: u32 = 256;
const LONGEST_PAUSE: u32 = 4096;
/** Number of checks for finished shares, about half a nanosecond each, after which a share counts as late. */
const PATIENCE: usize = 1000000;

/** A number above the shares of any command. */
const TICKETS: i64 = 1024;

/** Number of checks of the ticket before a thread goes to sleep: about 100 microseconds, longer than the gap between steps. */
const SPINS: i32 = 100000;

export function controlBytes(): usize {
  return CONTROL_BYTES;
}

/** Whether the main thread may ask for help with its next command. */
export function isHelpWelcome(control: usize): bool {
  const alone = load<u32>(control, ALONE);
  if (alone === 0) return true;
  store<u32>(control, alone - 1, ALONE);
  return false;
}

/**
 * Divides a command into `shares`, each of which takes about `nanoseconds`, and does it with the threads that help. Only
 * for the main thread.
 */
export function share(
  command: usize,
  shares: usize,
  nanoseconds: usize,
  scratch: usize,
  control: usize,
): void {
  store<usize>(control, command, COMMAND);
  store<usize>(control, shares, SHARES);
  atomic.store<i32>(control, 0, DONE);
  atomic.store<i32>(control, 0, HELPED);
  const ticket = (atomic.load<i64>(control, TICKET) / TICKETS + 1) * TICKETS;
  atomic.store<i64>(control, ticket, TICKET);
  if (atomic.load<i32>(control, SLEEPERS) > 0) atomic.notify(control + TICKET, -1);
  takeShares(ticket, scratch, control, false);
  const patience = (nanoseconds << 2) + PATIENCE;
  let looks: usize = 0;
  while (atomic.load<i32>(control, DONE) < <i32>shares) looks++;
  judge(atomic.load<i32>(control, HELPED) > 0, looks > patience, control);
}

/** Decides when to ask for help again, after a command with or without help, which was late or not. */
function judge(isHelped: bool, isLate: bool, control: usize): void {
  let score = load<u32>(control, SCORE);
  if (isLate) score += SCORE_OF_LATE;
  else if (!isHelped) score += SCORE_OF_MISS;
  else if (score > 0) score--;
  else store<u32>(control, 0, PAUSE);
  if (score >= WORST_SCORE) {
    score = 0;
    const pause = min(max(load<u32>(control, PAUSE) << 1, FIRST_PAUSE), LONGEST_PAUSE);
    store<u32>(control, pause, PAUSE);
    store<u32>(control, pause, ALONE);
  }
  store<u32>(control, score, SCORE);
}

/** Waits for commands and helps with them, forever. For all other threads, each with its own matmul scratch. */
export function work(thread: usize, scratch: usize, control: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  const ownScratch = scratch + thread * matmulScratchBytes();
  let last: i64 = 0;
  while (true) {
    const ticket = nextTicket(last, control);
    last = takeShares(ticket, ownScratch, control, true);
  }
}

/** Takes and does shares of the command with this ticket until there are none. Returns the ticket after that. */
function takeShares(ticket: i64, scratch: usize, control: usize, isHelp: bool): i64 {
  while (true) {
    const command = load<usize>(control, COMMAND);
    const shares = load<usize>(control, SHARES);
    const part = <usize>(ticket % TICKETS);
    if (part >= shares) return ticket;
    // This fails when another thread has taken this share, or the command is over: then the values read are not used.
    const seen = atomic.cmpxchg<i64>(control, ticket, ticket + 1, TICKET);
    if (seen === ticket) {
      if (isHelp) atomic.add<i32>(control, 1, HELPED);
      execute(command, scratch, part, shares);
      atomic.add<i32>(control, 1, DONE);
      ticket++;
    } else {
      ticket = seen;
    }
  }
}

/** Waits for a ticket other than `last`: checks for a while, then sleeps until the main thread wakes it. */
function nextTicket(last: i64, control: usize): i64 {
  while (true) {
    for (let i = 0; i < SPINS; i++) {
      const ticket = atomic.load<i64>(control, TICKET);
      if (ticket !== last) return ticket;
    }
    atomic.add<i32>(control, 1, SLEEPERS);
    atomic.wait<i64>(control + TICKET, last, -1);
    atomic.sub<i32>(control, 1, SLEEPERS);
  }
}
