/** The ways to take an adapter with you. */
import { integer } from '../../format.js';
import type { AdapterView } from '../../lab/views.js';
import { taughtSentence } from '../../taught.js';
import { Thumbnail } from '../thumbnail.js';
import { CopyLink } from './copyLink.js';
import { TakeButton } from './takeButton.js';
import '../../styles/take.css';

export interface TakeBodyProps {
  readonly adapter: AdapterView | undefined;
  /** Whether the page is busy with something else. */
  readonly busy: boolean;
  readonly onZip: () => void;
  /** Makes the link; undefined if it failed, which the page has reported. */
  readonly onCopyLink: () => string | undefined;
  /** Why there is no link, as a sentence. */
  readonly linkObstacle: string | undefined;
  readonly onPicture: () => void;
  /** Why there is no picture, as a sentence. */
  readonly pictureObstacle: string | undefined;
  readonly onRemove: () => void;
}

export function TakeBody({ adapter, busy, ...props }: TakeBodyProps) {
  if (!adapter) return <p>There is no adapter yet: teach the network something first.</p>;
  return (
    <>
      <About adapter={adapter} />
      <div class="take-ways">
        <TakeButton icon="zip" label="Download a zip" obstacle={undefined} onClick={props.onZip}>
          Hugging Face PEFT opens it in Python, and so does this page. The adapter also stays in this browser.
        </TakeButton>
        <div>
          <CopyLink onCopyLink={props.onCopyLink} obstacle={props.linkObstacle} />
        </div>
        <TakeButton
          icon="picture"
          label="Save a picture"
          obstacle={props.pictureObstacle}
          onClick={props.onPicture}
        >
          Your drawing, before and after.
        </TakeButton>
      </div>
      <button
        type="button"
        class="quiet take-remove"
        aria-disabled={busy}
        onClick={() => {
          if (!busy) props.onRemove();
        }}
      >
        Remove the adapter
      </button>
    </>
  );
}

function About({ adapter }: { readonly adapter: AdapterView }) {
  const { rank, alpha, trainable, drawings = [] } = adapter;
  const taught = taughtSentence(adapter);
  return (
    <div class="take-about">
      {drawings.length > 0 && (
        <ul class="take-drawings" aria-label="What it was taught">
          {drawings.map(({ pixels, label }, i) => (
            <li key={i}>
              <Thumbnail pixels={pixels} label={`A drawing of ${label}`} />
            </li>
          ))}
        </ul>
      )}
      <p>
        {taught && <strong>{taught}</strong>} Rank {rank}, alpha {alpha}: {integer(trainable)} numbers.
      </p>
    </div>
  );
}
