"""Figures of the room evaluator: set distances from the packages that people use, Pillow's resizing, CLIP's towers.

Needs, beyond the others: scipy, scikit-learn, pytorch-fid, torchmetrics, prdc, Pillow, sentencepiece, protobuf. Features
are not stored: the test makes the same ones out of `numbers`.
"""

import json
from importlib.metadata import version

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file

from .common import GOLDEN, normal, randomise, record_model

FOLDER = GOLDEN / "evaluator"
PACKAGES = ("numpy", "scipy", "scikit-learn", "pytorch-fid", "torchmetrics", "prdc", "pillow", "transformers", "torch")


def numbers(seed: int, rows: int, columns: int) -> numpy.ndarray:
    """[rows, columns] in [0, 1): splitmix64 of (seed, row, column), the upper 24 bits. The test has the same."""
    with numpy.errstate(over="ignore"):
        row = numpy.arange(rows, dtype=numpy.uint64)[:, None] << numpy.uint64(20)
        z = (numpy.uint64(seed) << numpy.uint64(44)) + row + numpy.arange(columns, dtype=numpy.uint64)[None, :]
        z = (z + numpy.uint64(1)) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2**24


def features(seed: int, rows: int, width: int, scale: float, shift: float) -> numpy.ndarray:
    """Correlated rows: neighbours in groups of four columns share a part."""
    shared = numpy.repeat(numbers(seed + 100, rows, (width + 3) // 4), 4, axis=1)[:, :width]
    return ((numbers(seed, rows, width) + 0.7 * shared) * scale + shift).astype(numpy.float32)


def unit(rows: numpy.ndarray) -> numpy.ndarray:
    rows = rows.astype(numpy.float64) - 0.85
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)


def reference_fid(a: numpy.ndarray, b: numpy.ndarray) -> float:
    from pytorch_fid.fid_score import calculate_frechet_distance

    return float(
        calculate_frechet_distance(
            numpy.mean(a, axis=0), numpy.cov(a, rowvar=False), numpy.mean(b, axis=0), numpy.cov(b, rowvar=False)
        )
    )


def set_figures() -> dict:
    from prdc import compute_prdc
    from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
    from torchmetrics.image.kid import poly_mmd

    a, b = features(1, 200, 32, 1.0, 0.0), features(2, 200, 32, 1.1, 0.05)
    result = {"fid_200_32": reference_fid(a.astype(numpy.float64), b.astype(numpy.float64))}
    many_a, many_b = features(1, 500, 2048, 1.0, 0.0), features(2, 500, 2048, 1.1, 0.05)
    result["fid_500_2048"] = reference_fid(many_a.astype(numpy.float64), many_b.astype(numpy.float64))
    kernels = [polynomial_kernel(x.astype(numpy.float64), y.astype(numpy.float64), degree=3, gamma=1 / 32, coef0=1)
               for x, y in ((a, a), (a, b), (b, b))]
    result["polynomial_mmd"] = float(mmd(*kernels))
    result["polynomial_mmd_torchmetrics"] = float(poly_mmd(torch.from_numpy(a).double(), torch.from_numpy(b).double()))
    x, y = unit(a).astype(numpy.float64), unit(b).astype(numpy.float64)
    gaussians = [rbf_kernel(p, q, gamma=1 / 200).mean() for p, q in ((x, x), (y, y), (x, y))]
    result["cmmd"] = float(1000 * (gaussians[0] + gaussians[1] - 2 * gaussians[2]))
    result["prdc"] = {k: float(v) for k, v in compute_prdc(a, b, nearest_k=5).items()}
    values = numpy.linalg.eigvalsh(x @ x.T / len(x))
    values = values[values > 1e-15]
    result["vendi"] = float(numpy.exp(-(values * numpy.log(values)).sum()))
    result["covariance_trace"] = float(numpy.trace(numpy.cov(a.astype(numpy.float64), rowvar=False)))
    cosines = x @ x.T
    result["mean_pairwise_distance"] = float(1 - cosines[numpy.triu_indices(len(x), 1)].mean())
    return result


def mmd(k_xx: numpy.ndarray, k_xy: numpy.ndarray, k_yy: numpy.ndarray) -> float:
    m, n = len(k_xx), len(k_yy)
    return (
        (k_xx.sum() - numpy.trace(k_xx)) / (m * (m - 1))
        + (k_yy.sum() - numpy.trace(k_yy)) / (n * (n - 1))
        - 2 * k_xy.mean()
    )


def picture(seed: int, width: int, height: int) -> numpy.ndarray:
    """Noise beside a ramp: both break a filter that is not exact."""
    values = (numbers(seed, height, width * 3) * 256).astype(numpy.uint8).reshape(height, width, 3)
    values[: height // 2, :, :] = numpy.linspace(0, 255, width).astype(numpy.uint8)[None, :, None]
    return values


def resizing() -> None:
    filters = {
        "box": Image.Resampling.BOX,
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
    }
    tensors = {}
    for number, (size, to) in enumerate([((37, 29), (16, 16)), ((16, 16), (37, 21)), ((64, 48), (64, 31)), ((20, 33), (9, 50))]):
        source = picture(number, *size)
        tensors[f"{number}.source"] = torch.from_numpy(source.copy())
        for name, filter_ in filters.items():
            result = numpy.asarray(Image.fromarray(source).resize(to, filter_))
            tensors[f"{number}.{name}"] = torch.from_numpy(result.copy())
            plane = Image.fromarray(source[:, :, 0].astype(numpy.float32)).resize(to, filter_)
            tensors[f"{number}.{name}.plane"] = torch.from_numpy(numpy.asarray(plane).copy())
    save_file(tensors, FOLDER / "resize.safetensors")


def towers() -> None:
    """Random small towers of both families, with their answers."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, SiglipVisionConfig, SiglipVisionModel

    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
             "image_size": 24, "patch_size": 8}
    pixels = normal(5, 2, 3, 24, 24)
    for name, model in (
        ("clip_vision_quick", CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, projection_dim=16))),
        ("clip_vision_gelu", CLIPVisionModelWithProjection(CLIPVisionConfig(**sizes, projection_dim=16, hidden_act="gelu"))),
        ("siglip_vision", SiglipVisionModel(SiglipVisionConfig(**sizes))),
    ):
        def answer(tower):
            output = tower(pixel_values=pixels)
            embeds = getattr(output, "image_embeds", None)
            return {"embeds": output.pooler_output if embeds is None else embeds}

        config = {key: value for key, value in model.config.to_dict().items() if isinstance(value, (int, float, str))}
        record_model(__file__, "nn", name, randomise(model, seed=21), answer, {"pixels": pixels}, config, 2e-5, 2e-5)


# What the small sentencepiece model learns from, and what it is asked: accents, punctuation, unknown letters, a long text.
SENTENCES = ("a red fox runs over the green hill", "the lighthouse stands in a storm", "two cats and a dog on a sofa",
             "an oil painting of a ship at sea", "the cat sleeps under a red tree", "a café at night in the rain")
TEXTS = ("a Red fox!", "the light-house, in a storm", "A  CAFÉ at\tnight  ", "日本 fox", "", "...",
         "the cat and the dog and the fox and the ship and the tree and the sea and the hill")


def siglip() -> None:
    """A whole random SigLIP with its tokenizer: folder as transformers saves it, and transformers' answers."""
    import io

    import sentencepiece
    from transformers import SiglipConfig, SiglipModel, SiglipTokenizer

    folder = FOLDER / "siglip"
    folder.mkdir(parents=True, exist_ok=True)
    model_bytes = io.BytesIO()
    # No normalisation: the table of nfkc alone would have 240 kB.
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model_bytes, vocab_size=64, model_type="unigram", pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, hard_vocab_limit=False, normalization_rule_name="identity", num_threads=1, minloglevel=2)
    (folder / "spiece.model").write_bytes(model_bytes.getvalue())
    tokenizer = SiglipTokenizer(str(folder / "spiece.model"))
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = SiglipConfig(text_config=shape | {"vocab_size": tokenizer.vocab_size, "max_position_embeddings": 16},
                          vision_config=shape | {"image_size": 24, "patch_size": 8})
    model = randomise(SiglipModel(config), seed=31)
    model.logit_scale.fill_(2.25)
    model.logit_bias.fill_(-3.5)
    source = picture(9, 40, 30)
    small = numpy.asarray(Image.fromarray(source).resize((24, 24), Image.Resampling.BICUBIC)).astype(numpy.float64)
    pixels = torch.from_numpy(((small / 255 - 0.5) / 0.5).astype(numpy.float32)).permute(2, 0, 1)[None]
    ids = tokenizer(list(TEXTS), padding="max_length", truncation=True, max_length=16, return_tensors="pt")["input_ids"]
    output = model(input_ids=ids, pixel_values=pixels)
    save_file({name: tensor.half().contiguous() for name, tensor in model.named_parameters()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({
        "model_type": "siglip",
        "text_config": shape | {"vocab_size": tokenizer.vocab_size, "max_position_embeddings": 16},
        "vision_config": shape | {"image_size": 24, "patch_size": 8}}, indent=1) + "\n", encoding="utf-8")
    Image.fromarray(source).save(folder / "picture.png")
    (folder / "expected.json").write_text(json.dumps({
        "texts": TEXTS, "ids": ids.tolist(), "logits": output.logits_per_image[0].tolist(),
        "versions": {name: version(name) for name in ("transformers", "torch", "sentencepiece")}}) + "\n", encoding="utf-8")
    # The text tower alone, for the room nn.
    sizes = {key: value for key, value in config.text_config.to_dict().items() if isinstance(value, (int, float, str))}
    record_model(__file__, "nn", "siglip_text", _Prefixed(model.text_model),
                 lambda whole: {"embeds": whole.text_model(input_ids=ids).pooler_output}, {"ids": ids}, sizes, 2e-5, 2e-5)


class _Prefixed(torch.nn.Module):
    """Names as in a whole model's file."""

    def __init__(self, tower: torch.nn.Module) -> None:
        super().__init__()
        self.text_model = tower


def inception() -> None:
    """pytorch-fid's network with weights out of `numbers`; only names, shapes and the answer are stored."""
    import pytorch_fid.inception as fid

    net = fid._inception_v3(num_classes=1008, aux_logits=False, weights=None)
    for name, pool in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        setattr(net, name, fid.FIDInceptionA({"Mixed_5b": 192, "Mixed_5c": 256, "Mixed_5d": 288}[name], pool_features=pool))
    for name, inner in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        setattr(net, name, fid.FIDInceptionC(768, channels_7x7=inner))
    net.Mixed_7b, net.Mixed_7c = fid.FIDInceptionE_1(1280), fid.FIDInceptionE_2(2048)
    state = {k: v for k, v in net.state_dict().items() if not k.startswith("fc.") and not k.endswith("num_batches_tracked")}
    for index, (name, tensor) in enumerate(sorted(state.items())):
        values = torch.from_numpy(numbers(1000 + index, 1, tensor.numel())).view(tensor.shape)
        if name.endswith("conv.weight"):
            values = (values - 0.5) * (24 / tensor[0].numel()) ** 0.5
        elif name.endswith(("bn.weight", "running_var")):
            values = values * 0.5 + 0.75
        else:
            values = (values - 0.5) * 0.2
        tensor.copy_(values)
    net.eval()
    fid.fid_inception_v3 = lambda: net
    model = fid.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    pixels = torch.from_numpy(numbers(7, 1, 3 * 299 * 299)).view(1, 3, 299, 299).float() * 2 - 1
    shapes = {name: list(tensor.shape) for name, tensor in sorted(state.items())}
    save_file({"features": model(pixels)[0].flatten(1).contiguous()}, GOLDEN / "nn" / "inception.safetensors",
              {"shapes": json.dumps(shapes), "pytorch-fid": version("pytorch-fid")})


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures = set_figures()
    figures["versions"] = {package: version(package) for package in PACKAGES}
    (FOLDER / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    resizing()
    towers()
    siglip()
    inception()
