/** The page's own model and a visitor's files, in the form that the lab takes. */
import { inspectFiles, ownRefusal, placeOf } from '../model/ownFiles.js';
import { deleteShipped, openShippedSource, storedShipped } from '../model/shipped.js';
import type { Sources } from './sources.js';

export const pageSources: Sources = {
  openShipped: async (told) => {
    const shipped = await openShippedSource(globalThis.pageUrl, told);
    const { manifest } = shipped;
    return {
      source: shipped.source,
      facts: manifest,
      digests: manifest.parts.map(({ sha256 }) => sha256),
      repository: manifest.repository,
      finished: shipped.finished,
      pause: () => shipped.pause(),
      resume: () => shipped.resume(),
      close: () => shipped.close(),
    };
  },
  inspect: inspectFiles,
  placeOf,
  refusal: ownRefusal,
  stored: storedShipped,
  deleteStored: deleteShipped,
};
