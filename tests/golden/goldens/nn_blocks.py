"""Goldens of the building blocks: timestep embedding, resnet, transformer, down, middle and up block."""

import torch
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_blocks import CrossAttnDownBlock2D, CrossAttnUpBlock2D, UNetMidBlock2DCrossAttn

from .common import normal, randomise, record, record_model

ATOL, RTOL = 2e-5, 1e-4
TIME, CROSS, GROUPS = 24, 12, 4
SHARED = {"temb_channels": TIME, "resnet_groups": GROUPS, "resnet_eps": 1e-5}
ATTENTION = {"num_attention_heads": 2, "cross_attention_dim": CROSS}


def timestep_embedding() -> None:
    times = torch.tensor([0.0, 1.0, 500.5, 999.0])
    tensors = {"in.timestep": times}
    for flip in (False, True):
        for shift in (0, 1):
            for width in (32, 320):
                tensors[f"out.{width}_{int(flip)}_{shift}"] = get_timestep_embedding(times, width, flip, shift)
    facts = {"atol": "1e-6", "rtol": "0", "config": {"names": "width_flip_shift"}}
    record(__file__, "nn", "timestep_embedding", tensors, facts)


def recorded(name: str, module, call, inputs: dict, config: dict) -> None:
    randomise(module, len(name))

    def run(module):
        result = call(module)
        return {"x": result} if isinstance(result, torch.Tensor) else result

    record_model(__file__, "nn", name, module, run, inputs, config, ATOL, RTOL)


def main() -> None:
    timestep_embedding()
    time, context = normal(1, 2, TIME), normal(2, 2, 5, CROSS)
    x, odd = normal(3, 2, 16, 6, 5), normal(4, 2, 16, 5, 7)

    module = ResnetBlock2D(in_channels=16, out_channels=8, temb_channels=TIME, groups=GROUPS, eps=1e-5)
    recorded("resnet", module, lambda m: m(x, time), {"x": x, "time": time}, {"in": 16, "out": 8})

    for linear in (False, True):
        module = Transformer2DModel(2, 8, 16, num_layers=2, norm_num_groups=GROUPS, cross_attention_dim=CROSS,
                                    use_linear_projection=linear)
        recorded(f"transformer_{'linear' if linear else 'conv'}", module,
                 lambda m: m(x, encoder_hidden_states=context).sample, {"x": x, "context": context},
                 {"depth": 2, "use_linear_projection": linear})

    def down(module):
        result, states = module(x, time, encoder_hidden_states=context)
        return {"x": result} | {f"skip{i}": state for i, state in enumerate(states)}

    module = CrossAttnDownBlock2D(16, 8, num_layers=2, downsample_padding=1, **SHARED, **ATTENTION)
    recorded("down_block", module, down, {"x": x, "time": time, "context": context}, {"in": 16, "out": 8, "layers": 2})

    module = UNetMidBlock2DCrossAttn(in_channels=16, **SHARED, **ATTENTION)
    recorded("mid_block", module, lambda m: m(x, time, encoder_hidden_states=context),
             {"x": x, "time": time, "context": context}, {"channels": 16})

    skips = (normal(5, 2, 12, 5, 7), normal(6, 2, 8, 5, 7))  # popped from the end
    module = CrossAttnUpBlock2D(12, 8, 16, num_layers=2, **SHARED, **ATTENTION)
    size = (9, 13)
    recorded("up_block", module,
             lambda m: m(odd, skips, time, encoder_hidden_states=context, upsample_size=size),
             {"x": odd, "skip0": skips[0], "skip1": skips[1], "time": time, "context": context},
             {"previous": 16, "out": 8, "in": 12, "layers": 2, "size": size})
