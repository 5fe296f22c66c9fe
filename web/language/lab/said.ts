/** Errors as sentences for a person. */

/** Runs the work of a call to the lab. @throws Error whose message is a sentence */
export async function said<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(sentence(error), { cause: error });
  }
}

function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
