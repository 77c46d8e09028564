"""Compiles a script of the diffusers dialect and runs it against stand-ins for torch and diffusers.

Usage: run_script.py SCRIPT [ARGUMENT...]. Prints as JSON the constants at the top of the script
and every call that it makes on the pipeline, so that a test can compare both with the plan.
"""
import ast
import json
import py_compile
import sys
import types


def constants_of(source):
    """The literal assignments at the top; raises when one of them is no plain literal."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


class Recorder:
    """A pipeline that writes down what is done to it."""

    calls = []
    images = property(lambda self: [self])

    def __init__(self, name="pipe"):
        self._name = name

    def __getattr__(self, method):
        def record(*args, **kwargs):
            Recorder.calls.append([f"{self._name}.{method}", list(args), kwargs])
            return self
        return record

    def __call__(self, **kwargs):
        kwargs["generator"] = kwargs["generator"].seed
        Recorder.calls.append(["pipe", [], kwargs])
        return self

    def save(self, path):
        Recorder.calls.append(["save", [path], {}])


class Generator:
    def __init__(self, device):
        self.device = device

    def manual_seed(self, seed):
        self.seed = seed
        return self


def stand_ins():
    torch = types.ModuleType("torch")
    torch.float16, torch.bfloat16, torch.float32 = "float16", "bfloat16", "float32"
    torch.cuda = types.SimpleNamespace(is_available=lambda: False)
    torch.Generator = Generator
    diffusers = types.ModuleType("diffusers")
    diffusers.__getattr__ = Recorder
    return {"torch": torch, "diffusers": diffusers}


def main():
    script = sys.argv[1]
    with open(script, encoding="utf-8") as file:
        source = file.read()
    py_compile.compile(script, cfile=script + "c", doraise=True)
    sys.modules.update(stand_ins())
    sys.argv = sys.argv[1:]
    real_print, lines = print, []
    namespace = {"__name__": "__main__", "print": lines.append}
    exec(compile(source, script, "exec"), namespace)
    real_print(json.dumps({"constants": constants_of(source), "calls": Recorder.calls,
                           "printed": lines}))


if __name__ == "__main__":
    main()
