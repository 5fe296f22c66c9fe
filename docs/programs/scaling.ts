/** How alpha, the rank and rsLoRA set the size of an update, and a switch for its strength. */
import {
  applyLora,
  Linear,
  Sequential,
  selectDevice,
  setAdapterScale,
} from 'lowrank';

const { device } = await selectDevice({ deterministic: true });
// #region scaling
for (const useRslora of [false, true]) {
  for (const rank of [8, 64]) {
    const model = new Sequential(new Linear(device, 128, 128));
    const adapter = await applyLora(model, {
      rank,
      alpha: 16,
      useRslora,
    });
    const [factors] = adapter.factors.values();
    console.log(
      `alpha 16, rank ${rank}, ${useRslora ? 'rsLoRA' : 'LoRA'}: s = ${factors.scaling}`,
    );
    if (rank === 8 && !useRslora) {
      setAdapterScale(model, 'default', 0.5);
      console.log(`the same at half strength: s = ${factors.scaling}`);
    }
  }
}
// #endregion scaling
device.dispose();
