/** Longest wait of a visitor for something small. */
const PATIENCE_MS = 3000;

/**
 * Waits for a browser that may never answer, such as one whose database is blocked.
 * @throws Error when it takes longer; its work continues
 */
export function inTime<T>(work: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the browser did not answer')), patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
