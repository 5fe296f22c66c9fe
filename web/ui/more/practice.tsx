import { practise } from '../../actions.js';
import { DIGITS } from '../../format.js';
import { fetchMnist, hasMnist, mnist, ready } from '../../state.js';
import { digits } from '../../teachSettings.js';
import { busy } from '../../work.js';
import { FetchAll } from '../fetchAll.js';

/** The tutorial's task: practise some MNIST digits, and see what the others lose. */
export function Practice() {
  const why =
    digits.value.length === 0
      ? 'Choose at least one digit.'
      : hasMnist.value
        ? undefined
        : 'This requires MNIST.';
  const canTeach = ready.value && !busy.value && why === undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (canTeach) void practise();
      }}
    >
      <fieldset class="digits">
        <legend>Practise only these digits, and watch what it forgets</legend>
        {DIGITS.map((digit) => (
          <label key={digit} class="digit">
            <input type="checkbox" checked={digits.value.includes(digit)} onChange={() => toggle(digit)} />
            <span>{digit}</span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <button type="submit" aria-disabled={!canTeach}>
          Practise
        </button>
        {why && <p class="hint">{why}</p>}
      </div>
      <FetchAll label="Download all of MNIST" mnist={mnist.value} onFetch={() => void fetchMnist()} />
    </form>
  );
}

function toggle(digit: number): void {
  const without = digits.value.filter((each) => each !== digit);
  digits.value = without.length < digits.value.length ? without : [...without, digit].sort();
}
