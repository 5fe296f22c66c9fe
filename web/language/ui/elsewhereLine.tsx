/** Says that another tab has the model, with a button to use it here. */
export function ElsewhereLine({ onUse }: { readonly onUse: () => void }) {
  return (
    <div class="message note lm-elsewhere-line" role="status">
      <span>This model is open in another tab.</span>
      <button type="button" onClick={onUse}>
        Use it here
      </button>
    </div>
  );
}
