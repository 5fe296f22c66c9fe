import { deleteDrawings } from '../../actions.js';
import { drawings } from '../../drawings.js';
import { count } from '../../format.js';
import { showImage } from '../../sheet.js';
import { Thumbnail } from '../thumbnail.js';

/** The drawings that it learns from. */
export function Kept() {
  const all = drawings.value;
  if (all.length === 0) return null;
  return (
    <section class="kept" aria-label="Your drawings">
      <p>
        It learns from <strong>{count(all.length, 'drawing')}</strong> of yours.
      </p>
      <ul class="drawings" aria-label="Kept drawings">
        {all.map((each, i) => (
          // Drawings have no names, only places.
          <li key={i}>
            <button
              type="button"
              class="quiet shown"
              aria-label={`Show drawing ${i + 1}, a ${each.label}, on the pad`}
              onClick={() => showImage(each.pixels)}
            >
              <Thumbnail pixels={each.pixels} label={`Drawing of ${each.label}`} />
              <span>{each.label}</span>
            </button>
            <button
              type="button"
              class="quiet"
              aria-label={`Delete drawing ${i + 1}, a ${each.label}`}
              onClick={() => void deleteDrawings([each])}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      {all.length > 1 && (
        <button type="button" class="quiet" onClick={() => void deleteDrawings(all)}>
          Delete {count(all.length, 'drawing')}
        </button>
      )}
    </section>
  );
}
