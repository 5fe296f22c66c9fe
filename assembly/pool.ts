/**
 * Threads that share one memory. One of them, the main one, runs a program; the others wait for commands that are
 * worth cutting, take shares of them until none is left, and wait again. The main thread takes shares too, and goes on
 * when all are done: so it never waits for a thread that sleeps, only for shares that were taken.
 *
 * The control block is {@link CONTROL_BYTES} bytes, one cache line each for what is written at different times.
 */
import { execute } from './command';
import { matmulScratchBytes } from './matmul/matmul';

const CONTROL_BYTES: usize = 256;

/** i64: counts the commands, times {@link TICKETS}, plus the next share that nobody has taken. */
const TICKET: usize = 0;
/** The command, and its number of shares; written before its ticket. */
const COMMAND: usize = 64;
const SHARES: usize = 68;
/** i32: shares that are done. */
const DONE: usize = 128;
/** i32: threads that sleep, or are about to. */
const SLEEPERS: usize = 192;

/** More shares than a command has. */
const TICKETS: i64 = 1024;

/** Looks at the ticket before a thread goes to sleep: some 100 microseconds, longer than the gap between steps. */
const SPINS: i32 = 100000;

export function controlBytes(): usize {
  return CONTROL_BYTES;
}

/** Cuts a command into `shares` and does it with whoever comes to help. For the main thread. */
export function share(command: usize, shares: usize, scratch: usize, control: usize): void {
  store<usize>(control, command, COMMAND);
  store<usize>(control, shares, SHARES);
  atomic.store<i32>(control, 0, DONE);
  const ticket = (atomic.load<i64>(control, TICKET) / TICKETS + 1) * TICKETS;
  atomic.store<i64>(control, ticket, TICKET);
  if (atomic.load<i32>(control, SLEEPERS) > 0) atomic.notify(control + TICKET, -1);
  takeShares(ticket, scratch, control);
  while (atomic.load<i32>(control, DONE) < <i32>shares) {}
}

/** Waits for commands and helps with them, for ever. For all other threads, each with matmul scratch of its own. */
export function work(thread: usize, scratch: usize, control: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  const ownScratch = scratch + thread * matmulScratchBytes();
  let last: i64 = 0;
  while (true) {
    const ticket = nextTicket(last, control);
    last = takeShares(ticket, ownScratch, control);
  }
}

/** Takes and does shares of the command with this ticket until there are none. Returns the ticket that is then. */
function takeShares(ticket: i64, scratch: usize, control: usize): i64 {
  while (true) {
    const command = load<usize>(control, COMMAND);
    const shares = load<usize>(control, SHARES);
    const part = <usize>(ticket % TICKETS);
    if (part >= shares) return ticket;
    // Fails when another thread has taken this share, or the command is over: then what was read is not used.
    const seen = atomic.cmpxchg<i64>(control, ticket, ticket + 1, TICKET);
    if (seen === ticket) {
      execute(command, scratch, part, shares);
      atomic.add<i32>(control, 1, DONE);
      ticket++;
    } else {
      ticket = seen;
    }
  }
}

/** A ticket other than `last`: looks for a while, then sleeps until the main thread wakes it. */
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
