"""Run the real `moshi.server` on a CPU: `python upstream_server.py PORT FOLDER`.

The only thing of it that asks for a card is the wait after its warm-up.
"""

import json
import runpy
import sys
from pathlib import Path


def main() -> None:
    import torch

    port, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        torch.cuda.synchronize = lambda *args: None
    config = json.loads((folder / "config.json").read_text())
    config["mimi_config_name"] = (folder / "mimi.json").resolve().as_uri()
    served = folder / f"served-{port}.json"
    served.write_text(json.dumps(config))
    sys.argv = ["moshi.server", "--static", "none", "--device", "cpu", "--port", port]
    sys.argv += ["--host", "127.0.0.1", "--config-path", str(served)]
    sys.argv += ["--moshi-weight", str(folder / "model.safetensors")]
    sys.argv += ["--mimi-weight", str(folder / "mimi.safetensors")]
    sys.argv += ["--tokenizer", str(folder / "tokenizer.model")]
    runpy.run_module("moshi.server", run_name="__main__")


if __name__ == "__main__":
    main()
