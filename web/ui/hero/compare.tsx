import { useEffect } from 'preact/hooks';
import { adapter } from '../../saved.js';
import { adapterOn } from '../../state.js';

const SIDES = [
  { name: 'Before', isOn: false },
  { name: 'After', isOn: true },
];

/** Switches the adapter off and on, like the key A. */
export function Compare() {
  useEffect(() => {
    const press = ({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent) => {
      const isTyping =
        target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'range';
      if (isTyping || ctrlKey || metaKey || altKey || key.toLowerCase() !== 'a' || !adapter.value) return;
      adapterOn.value = !adapterOn.value;
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  const hasAdapter = adapter.value !== undefined;
  return (
    <fieldset class="compare" title={hasAdapter ? 'Key A' : 'You can compare once it has learned something'}>
      <legend class="visually-hidden">Show the answer before or after it learned (key A)</legend>
      {SIDES.map(({ name, isOn }) => (
        <label key={name} class={isOn ? 'adapted' : 'base'}>
          <input
            type="radio"
            name="side"
            checked={hasAdapter ? adapterOn.value === isOn : !isOn}
            disabled={isOn && !hasAdapter}
            onChange={() => {
              adapterOn.value = isOn;
            }}
          />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
