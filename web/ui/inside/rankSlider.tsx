import { MOST_RANK } from '../../lab/ranks.js';
import type { Inside } from '../../lab/views.js';
import type { InsidePanelProps } from './insidePanel.js';
import { countText, sizeOf } from './words.js';

type RankSliderProps = { readonly inside: Inside } & Pick<
  InsidePanelProps,
  'rank' | 'onRank' | 'rankTaught' | 'busy' | 'onTeachAgain'
>;

export function RankSlider({ inside, rank, onRank, rankTaught, busy, onTeachAgain }: RankSliderProps) {
  const isOther = inside.adapter?.isTaughtHere && rankTaught !== undefined && rank !== rankTaught;
  const count = countText(sizeOf(inside, rank, rank === rankTaught));
  return (
    <div class="rank">
      <label for="inside-rank">Size of the adapter: rank {rank}</label>
      <input
        id="inside-rank"
        type="range"
        min={1}
        max={MOST_RANK}
        value={rank}
        aria-valuetext={`rank ${rank}, ${count}`}
        onInput={({ currentTarget }) => onRank(currentTarget.valueAsNumber)}
      />
      <p class="rank-count">{count}</p>
      {isOther && (
        <button
          type="button"
          class="primary"
          aria-disabled={busy}
          onClick={() => {
            if (!busy) onTeachAgain();
          }}
        >
          Teach again with rank {rank}
        </button>
      )}
    </div>
  );
}
