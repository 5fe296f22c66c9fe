/** The page's own model and files of a visitor, as the lab takes them. */
import { inspectFiles, ownRefusal, placeOf } from '../model/ownFiles.js';
import { deleteShipped, openShippedSource, storedShipped } from '../model/shipped.js';
import type { Sources } from './sources.js';

/** The model of which the build makes the page's parts. */
const REPOSITORY = 'HuggingFaceTB/SmolLM2-135M-Instruct';

export const pageSources: Sources = {
  openShipped: async (told) => {
    const shipped = await openShippedSource(globalThis.pageUrl, told);
    const { manifest } = shipped;
    return {
      source: shipped.source,
      facts: manifest,
      digests: manifest.parts.map(({ sha256 }) => sha256),
      repository: REPOSITORY,
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
