/** The note in the zip, for whoever opens it in Python. */
import { integer } from './format.js';
import type { AdapterView } from './lab/views.js';

/** Code for the page's network in PEFT; `test/peft` has the same network. */
const PYTHON = `import torch
from peft import PeftModel
from safetensors.torch import load_file

class Digits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = torch.nn.Linear(784, 256)
        self.linear2 = torch.nn.Linear(256, 128)
        self.linear3 = torch.nn.Linear(128, 10)

    def forward(self, x):
        return self.linear3(self.linear2(self.linear1(x))).relu()

base = Digits()
base.load_state_dict(load_file("base.safetensors"))
model = PeftModel.from_pretrained(base, ".").eval()
# x: [images, 784], white ink on black, each pixel (byte / 255 - 0.1301) / 0.3081
x = torch.zeros(1, 784)
print(model(x).softmax(1))`;

export function readme(view: AdapterView, isOwnBase: boolean): string {
  const { rank, alpha, trainable, base } = view;
  const fits = isOwnBase
    ? '`base.safetensors`, which is beside the page that made this adapter: save it in this folder'
    : 'a network that was trained in a browser and exists only there; with any other network, this adapter is useless';
  return `# A LoRA adapter for handwritten digits

Rank ${rank}, alpha ${alpha}, ${integer(trainable)} numbers${whatOf(view)}.
It belongs to ${fits}${base === undefined ? '' : ` (${base} over its float32 values)`}.

- \`adapter_config.json\`, \`adapter_model.safetensors\`: the adapter, as Hugging Face PEFT reads it
- \`lowrank.json\`: what it was taught, for the page; PEFT ignores it

To use it in Python (\`pip install torch peft safetensors\`):

\`\`\`python
${PYTHON}
\`\`\`

The page opens this zip as it is.
`;
}

function whatOf({ digits, iterations }: AdapterView): string {
  return digits.length === 0
    ? ''
    : `, taught the digit${digits.length === 1 ? '' : 's'} ${digits.join(', ')} in ${integer(iterations)} steps`;
}
