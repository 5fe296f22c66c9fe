import { PIXELS } from '../../lab/pixels.js';
import { Thumbnail } from '../thumbnail.js';
import { fateWords, type TestImage } from './changes.js';

interface LargeProps {
  readonly digit: number;
  readonly image: TestImage;
  readonly images: Uint8Array;
  /** Position of the small image, in pixels of the page. */
  readonly x: number;
  readonly bottom: number;
}

/** One enlarged image, and how it is read. */
export function Large({ digit, image, images, x, bottom }: LargeProps) {
  const { place, before, after, fate } = image;
  const pixels = images.subarray(place * PIXELS, (place + 1) * PIXELS);
  return (
    <span class="large" style={{ '--x': `${x}px`, top: `${bottom}px` }}>
      <Thumbnail key={place} pixels={pixels} label={`Test image of ${digit}`} />
      <span class="large-words">
        <span class="before">Before: {before}</span>
        {after !== undefined && <span class="after">After: {after}</span>}
        <span class={`fate ${fate}`}>{fateWords(image)}</span>
      </span>
    </span>
  );
}
