"""A prompt and the text after it by transformers in float32: torch_text.py REQUEST, which is JSON with model, threads and work."""
import json
import sys
import time

import torch

from peft_common import base_model, serve

request = json.loads(sys.argv[1])
work = request["work"]


def open_service():
    torch.set_num_threads(request["threads"])
    model = base_model(request["model"]).eval()

    def read(ids, cache=None):
        return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)

    @torch.no_grad()
    def write(prompt, count):
        """Greedy tokens after a prompt, and the clocks before the first and after each."""
        clocks, ids = [(time.perf_counter(), time.process_time())], []
        following, cache = torch.tensor([prompt]), None
        for _ in range(count):
            out = read(following, cache)
            following, cache = out.logits[:, -1:].argmax(-1), out.past_key_values
            ids.append(following.item())
            clocks.append((time.perf_counter(), time.process_time()))
        return ids, clocks

    def sample(amount, begun, ended):
        return {"work": amount, "seconds": ended[0] - begun[0], "cpuSeconds": ended[1] - begun[1]}

    def time_text(tokens):
        prompt = [500 + i * 37 % 20000 for i in range(work["promptTokens"])]
        _, clocks = write(prompt, tokens + 1)
        decode = sample(tokens, clocks[1], clocks[-1])
        return {"prompt": sample(len(prompt), clocks[0], clocks[1]), "decode": decode}

    def answer(question):
        if question["do"] == "hello":
            threads = torch.get_num_threads()
            return {"how": f"PyTorch {torch.__version__}, float32, {threads} thread{'s' * (threads > 1)}"}
        if question["do"] == "check":
            ids = [write(prompt["ids"], work["checkTokens"])[0] for prompt in work["checkPrompts"]]
            time_text(4)
            return {"values": sum(ids, [])}
        return {"samples": time_text(work["tokens"])}

    return answer


serve(open_service)
