"""Goldens of the samplers: diffusers' schedulers over a small smooth stand-in for a model.

One file, samplers.safetensors. Per case one fp32 vector:
    timesteps [N] | sigmas [M] | sample after the first step [32] | after the last step [32]
with N and M in the metadata's JSON. img2img cases hold timesteps, sigmas, the noised sample and the last one.
"""
import json

import diffusers
import numpy
import torch

from . import common

SHAPE = (2, 1, 4, 4)
SEEDS = (11, 12)
STEPS = (1, 2, 5, 10, 20)
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
CLASSES = {
    "ddim": (diffusers.DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
    "euler": (diffusers.EulerDiscreteScheduler, {}),
    "euler_karras": (diffusers.EulerDiscreteScheduler, dict(use_karras_sigmas=True)),
    "euler_a": (diffusers.EulerAncestralDiscreteScheduler, {}),
    "dpmpp_2m": (diffusers.DPMSolverMultistepScheduler, {}),
    "dpmpp_2m_karras": (diffusers.DPMSolverMultistepScheduler, dict(use_karras_sigmas=True)),
    "dpmpp_2m_sde": (diffusers.DPMSolverMultistepScheduler, dict(algorithm_type="sde-dpmsolver++")),
    "dpmpp_2m_sde_karras": (diffusers.DPMSolverMultistepScheduler,
                            dict(algorithm_type="sde-dpmsolver++", use_karras_sigmas=True)),
    "pndm": (diffusers.PNDMScheduler, dict(skip_prk_steps=True, set_alpha_to_one=False)),
    "lcm": (diffusers.LCMScheduler, {}),
    "unipc": (diffusers.UniPCMultistepScheduler, {}),
    "unipc_karras": (diffusers.UniPCMultistepScheduler, dict(use_karras_sigmas=True)),
}
STOCHASTIC = {"euler_a", "dpmpp_2m_sde", "dpmpp_2m_sde_karras", "lcm"}


def model(x: torch.Tensor, t: float) -> torch.Tensor:
    return 0.6 * x + torch.tanh(x) * (0.2 * t / 1000.0) + 0.05


def start(shape=SHAPE) -> torch.Tensor:
    count = int(numpy.prod(shape))
    return (torch.arange(count, dtype=torch.float32) * 0.37).sin().reshape(shape)


def generators():
    return [torch.Generator("cpu").manual_seed(seed) for seed in SEEDS]


def step(scheduler, name, e, t, x, gens, **extra):
    kwargs = dict(extra)
    if name in STOCHASTIC or extra.get("eta"):
        kwargs["generator"] = gens
    return scheduler.step(e, t, x, **kwargs).prev_sample


def run(scheduler, name, x, timesteps, **extra):
    gens = generators()
    first = None
    for t in timesteps:
        e = model(scheduler.scale_model_input(x, t), float(t))
        x = step(scheduler, name, e, t, x, gens, **extra)
        first = x if first is None else first
    return first, x


def sigmas_of(scheduler):
    return scheduler.sigmas if hasattr(scheduler, "sigmas") else torch.zeros(0)


def packed(scheduler, *samples):
    parts = [scheduler.timesteps, sigmas_of(scheduler), *samples]
    return torch.cat([p.flatten().to(torch.float32) for p in parts]).contiguous()


class File:
    def __init__(self):
        self.tensors, self.cases = {}, []

    def add(self, case: str, name: str, config: dict, steps: int, scheduler, samples, **fields):
        assert all(torch.isfinite(s).all() for s in samples), case
        self.tensors[case] = packed(scheduler, *samples)
        config = {"_class_name": type(scheduler).__name__, **config}
        self.cases.append(dict(case=case, name=name, config=config, steps=steps,
                               timesteps=len(scheduler.timesteps), sigmas=len(sigmas_of(scheduler)), **fields))


def full_runs(file: File):
    for name, (cls, own) in CLASSES.items():
        for prediction in ("epsilon", "v_prediction"):
            for spacing in ("leading",) if name == "lcm" else ("leading", "linspace", "trailing"):
                config = dict(SD, **own, prediction_type=prediction, timestep_spacing=spacing, steps_offset=1)
                for n in STEPS:
                    scheduler = cls(**config)
                    scheduler.set_timesteps(n)
                    x = start() * float(scheduler.init_noise_sigma)
                    samples = run(scheduler, name, x, scheduler.timesteps)
                    file.add(f"{name}/{prediction}/{spacing}/{n}", name, config, n, scheduler, samples, kind="full",
                             init=float(scheduler.init_noise_sigma))


def variants(file: File):
    """Settings beside those of Stable Diffusion."""
    zero_snr = dict(SD, prediction_type="v_prediction", timestep_spacing="trailing", rescale_betas_zero_snr=True)
    cases = [(f"zero_snr/{name}", name, dict(zero_snr, **CLASSES[name][1]), 10, {}) for name in CLASSES
             if name not in ("pndm", "lcm")]
    cases += [
        ("zero_snr/lcm", "lcm", dict(SD, prediction_type="v_prediction", rescale_betas_zero_snr=True), 4, {}),
        ("defaults/ddim", "ddim", {}, 10, {}),
        ("defaults/euler", "euler", {}, 10, {}),
        ("defaults/dpmpp_2m", "dpmpp_2m", {}, 20, {}),
        ("defaults/unipc", "unipc", {}, 10, {}),
        ("defaults/lcm", "lcm", {}, 4, {}),
        ("defaults/euler_a", "euler_a", {}, 10, {}),
        ("defaults/pndm", "pndm", dict(skip_prk_steps=True), 10, {}),
        ("eta/ddim", "ddim", dict(SD, clip_sample=False), 10, dict(eta=0.7)),
        ("clip/ddim", "ddim", dict(SD, clip_sample=True, clip_sample_range=0.5), 10, {}),
        ("clip/lcm", "lcm", dict(SD, clip_sample=True, clip_sample_range=0.5), 4, {}),
        ("sample/ddim", "ddim", dict(SD, prediction_type="sample"), 10, {}),
        ("sample/euler", "euler", dict(SD, prediction_type="sample"), 10, {}),
        ("sample/dpmpp_2m", "dpmpp_2m", dict(SD, prediction_type="sample"), 10, {}),
        ("sample/unipc", "unipc", dict(SD, prediction_type="sample"), 10, {}),
        ("sample/lcm", "lcm", dict(SD, prediction_type="sample"), 4, {}),
        ("sigma_min/euler", "euler", dict(SD, final_sigmas_type="sigma_min"), 10, {}),
        ("sigma_min/dpmpp_2m", "dpmpp_2m", dict(SD, final_sigmas_type="sigma_min"), 20, {}),
        ("sigma_min/unipc", "unipc", dict(SD, final_sigmas_type="sigma_min"), 10, {}),
        ("sigma_min/unipc_karras", "unipc_karras",
         dict(SD, final_sigmas_type="sigma_min", use_karras_sigmas=True), 10, {}),
        ("karras_range/euler", "euler_karras", dict(SD, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0), 10, {}),
        ("heun/dpmpp_2m", "dpmpp_2m", dict(SD, solver_type="heun"), 10, {}),
        ("heun/dpmpp_2m_sde", "dpmpp_2m_sde", dict(SD, solver_type="heun", algorithm_type="sde-dpmsolver++"), 10, {}),
        ("order1/dpmpp_2m", "dpmpp_2m", dict(SD, solver_order=1), 10, {}),
        ("euler_at_final/dpmpp_2m", "dpmpp_2m",
         dict(SD, euler_at_final=True, final_sigmas_type="sigma_min"), 20, {}),
        ("no_lower_order/dpmpp_2m", "dpmpp_2m",
         dict(SD, lower_order_final=False, final_sigmas_type="sigma_min"), 10, {}),
        ("cosine/dpmpp_2m", "dpmpp_2m", dict(beta_schedule="squaredcos_cap_v2", lambda_min_clipped=-5.1), 10, {}),
        ("cosine/ddim", "ddim", dict(beta_schedule="squaredcos_cap_v2"), 10, {}),
        ("order1/unipc", "unipc", dict(SD, solver_order=1), 10, {}),
        ("order3/unipc", "unipc", dict(SD, solver_order=3), 10, {}),
        ("bh1/unipc", "unipc", dict(SD, solver_type="bh1", final_sigmas_type="sigma_min"), 10, {}),
        ("disable_corrector/unipc", "unipc", dict(SD, disable_corrector=[0, 1]), 10, {}),
        ("trained_betas/ddim", "ddim", dict(trained_betas=[0.01 * (i + 1) for i in range(20)], num_train_timesteps=20,
                                            clip_sample=False), 5, {}),
        ("odd_count/ddim", "ddim", dict(SD, clip_sample=False, timestep_spacing="trailing"), 7, {}),
        ("odd_count/dpmpp_2m", "dpmpp_2m", dict(SD, timestep_spacing="trailing"), 33, {}),
        ("train_1100/euler", "euler", dict(num_train_timesteps=1100), 10, {}),
    ]
    for case, name, config, n, extra in cases:
        scheduler = CLASSES[name][0](**config)
        scheduler.set_timesteps(n)
        x = start() * float(scheduler.init_noise_sigma)
        samples = run(scheduler, name, x, scheduler.timesteps, **extra)
        file.add(case, name, config, n, scheduler, samples, kind="full", init=float(scheduler.init_noise_sigma), **extra)


def image_to_image(file: File):
    n, strength = 10, 0.45
    for name, (cls, own) in CLASSES.items():
        config = dict(SD, **own, steps_offset=1)
        scheduler = cls(**config)
        scheduler.set_timesteps(n)
        begin = n - min(int(n * strength), n)
        timesteps = scheduler.timesteps[begin:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin)
        noise = torch.cat([torch.randn((1,) + SHAPE[1:], generator=g) for g in generators()])
        noised = scheduler.add_noise(start(), noise, timesteps[:1].repeat(SHAPE[0]))
        _, last = run(scheduler, name, noised, timesteps)
        file.add(f"img2img/{name}", name, config, n, scheduler, (noised, last), kind="img2img", strength=strength,
                 begin=begin)


def main() -> None:
    file = File()
    full_runs(file)
    variants(file)
    image_to_image(file)
    facts = dict(what="samplers against diffusers' schedulers", tolerance="1e-5 of the largest value", seeds=SEEDS,
                 shape=SHAPE, cases=json.dumps(file.cases, separators=(",", ":")))
    common.record(__file__, "generator", "samplers", file.tensors, facts)
