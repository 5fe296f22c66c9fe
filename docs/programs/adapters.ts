/** An adapter to PEFT's files and back, and two of them on one model. */
// #region save
import {
  applyLora,
  getAdapter,
  Linear,
  loadAdapter,
  Random,
  Sequential,
  saveAdapter,
  selectDevice,
  setActiveAdapters,
} from 'lowrank';

const { device } = await selectDevice({ deterministic: true });
const network = () =>
  new Sequential(new Linear(device, 16, 8, { random: new Random(0) }));
const model = network();
await applyLora(model, { rank: 4, alpha: 8, targetModules: ['0'] });

// In Node also the path of a folder: 'my-adapter'.
const files = new Map<string, Uint8Array>();
await saveAdapter(model, files);
console.log([...files.keys()].join(', '));
// #endregion save

// #region config
const config = JSON.parse(
  new TextDecoder().decode(files.get('adapter_config.json')),
);
console.log(
  `${config.peft_type}: r ${config.r}, lora_alpha ${config.lora_alpha}`,
);
// #endregion config

// #region load
const other = network();
await loadAdapter(other, files, { name: 'first' });
await loadAdapter(other, files, { name: 'second' });
setActiveAdapters(other, ['first', 'second']); // both updates are added
const { factors, config: loaded } = getAdapter(other, 'second');
console.log(`${factors.size} layer adapted, alpha ${loaded.alpha}`);
// #endregion load

// #region refused
const wrong = new Sequential(
  new Linear(device, 16, 9, { random: new Random(0) }),
);
await loadAdapter(wrong, files).catch((error: unknown) =>
  console.log(`${error}`),
);
// #endregion refused
device.dispose();
