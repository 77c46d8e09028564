"""What every stage shares: the work folder, seeds, pausing, checkpoints, schedules."""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy
import torch

# Set STYLUS_MINI_WORK to keep data, checkpoints and logs elsewhere.
WORK = Path(os.environ.get("STYLUS_MINI_WORK", "build/train_mini"))
MODELS = Path(__file__).resolve().parents[2] / "models" / "mini"
PAUSE_FILE = Path(os.environ.get("STYLUS_MINI_PAUSE", WORK / "pause"))
SAVE_EVERY_S = 180.0


def start(threads: int, seed: int) -> torch.device:
    """Fixes the seeds and the number of threads; takes a GPU where there is one."""
    WORK.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait_while_paused() -> None:
    """Sleeps as long as PAUSE_FILE exists, so that a benchmark can have the machine to itself."""
    while PAUSE_FILE.exists():
        time.sleep(2.0)


def read_json(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def learning_rate(step: int, steps: int, peak: float, warm_up: int, done: float | None = None) -> float:
    """Linear warm-up, then a cosine down to 2 % of the peak; `done` in [0, 1] replaces step / steps."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    share = (step - warm_up) / max(1, steps - warm_up) if done is None else done
    share = min(1.0, share)
    return peak * (0.02 + 0.98 * 0.5 * (1.0 + float(numpy.cos(numpy.pi * share))))


class Average:
    """An exponential moving average of parameters, with a short memory at the start."""

    def __init__(self, parameters, longest: float, every: int = 1):
        self.parameters = list(parameters)
        self.values = [p.detach().clone() for p in self.parameters]
        self.longest = longest
        self.every = every

    @torch.no_grad()
    def update(self, step: int) -> None:
        if step % self.every:
            return
        keep = min(self.longest, (1.0 + step) / (10.0 + step)) ** self.every
        torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], 1.0 - keep)

    @torch.no_grad()
    def take_over(self) -> None:
        """The model carries the averaged weights from now on."""
        for parameter, value in zip(self.parameters, self.values):
            parameter.copy_(value)


class Checkpoint:
    """Everything a stage needs to go on after a stop, written whole or not at all."""

    def __init__(self, path: Path, models: dict, optimiser, average: Average):
        self.path = path
        self.models = models
        self.optimiser = optimiser
        self.average = average
        self.last_save = time.monotonic()
        self.told_to_stop = False
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_) -> None:
        self.told_to_stop = True

    def save(self, step: int, facts: dict) -> None:
        state = {
            "step": step,
            "facts": facts,
            "models": {name: model.state_dict() for name, model in self.models.items()},
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.values,
            "torch_rng": torch.get_rng_state(),
            "numpy_rng": numpy.random.get_state(),
            "python_rng": random.getstate(),
        }
        draft = self.path.with_suffix(".draft")
        torch.save(state, draft)
        os.replace(draft, self.path)
        self.last_save = time.monotonic()

    def save_if_due(self, step: int, facts: dict) -> None:
        """Saves every few minutes; told to terminate, saves and ends the program."""
        if self.told_to_stop or time.monotonic() - self.last_save > SAVE_EVERY_S:
            self.save(step, facts)
        if self.told_to_stop:
            sys.exit(f"stopped after step {step}; the same command goes on from there")

    def load(self, weights_only: bool = False) -> tuple[int, dict]:
        """The step to go on with and the stored facts; (0, {}) where nothing was saved."""
        if not self.path.exists():
            return 0, {}
        state = torch.load(self.path, map_location="cpu", weights_only=False)
        for name, model in self.models.items():
            model.load_state_dict(state["models"][name])
        for mine, stored in zip(self.average.values, state["average"]):
            mine.copy_(stored)
        if weights_only:
            return state["step"], state["facts"]
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["torch_rng"])
        numpy.random.set_state(state["numpy_rng"])
        random.setstate(state["python_rng"])
        return state["step"], state["facts"]


class Log:
    """One line a report, to the screen and to WORK/<stage>.log, with the CPU seconds spent."""

    def __init__(self, stage: str, cpu_before: float):
        self.file = open(WORK / f"{stage}.log", "a", encoding="utf-8", buffering=1)
        self.cpu_before = cpu_before

    def cpu_s(self) -> float:
        return self.cpu_before + time.process_time()

    def __call__(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} cpu {self.cpu_s():7.0f} s  {text}"
        print(line, flush=True)
        self.file.write(line + "\n")
