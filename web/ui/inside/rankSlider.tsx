import { useRef } from 'preact/hooks';
import type { Inside } from '../../lab/views.js';
import type { InsidePanelProps } from './insidePanel.js';
import { ranksOf } from './numbers.js';
import { countText, sizeOf } from './words.js';

type RankSliderProps = { readonly inside: Inside } & Pick<
  InsidePanelProps,
  'rank' | 'onRank' | 'rankTaught' | 'busy' | 'onTeachAgain'
>;

export function RankSlider({ inside, rank, onRank, rankTaught, busy, onTeachAgain }: RankSliderProps) {
  const isOther = inside.adapter?.isTaughtHere && rankTaught !== undefined && rank !== rankTaught;
  const count = countText(sizeOf(inside, rank, rank === rankTaught));
  const ranks = ranksOf(rankTaught);
  const slider = useRef<HTMLInputElement>(null);
  const teach = () => {
    if (busy) return;
    // The button disappears once that rank is taught, and would take the focus with it.
    slider.current?.focus({ preventScroll: true });
    onTeachAgain();
  };
  return (
    <div class="rank">
      <label for="inside-rank">Size of the adapter: rank {rank}</label>
      <input
        ref={slider}
        id="inside-rank"
        type="range"
        min={1}
        max={ranks.length}
        value={ranks.indexOf(rank) + 1}
        aria-valuetext={`rank ${rank}, ${count}`}
        onInput={({ currentTarget }) => onRank(ranks[currentTarget.valueAsNumber - 1])}
      />
      <div class="rank-row">
        <p>{count}</p>
        {isOther && (
          <button type="button" class="primary" aria-disabled={busy} onClick={teach}>
            Teach again with rank {rank}
          </button>
        )}
      </div>
    </div>
  );
}
