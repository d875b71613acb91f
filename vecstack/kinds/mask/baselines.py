"""The paper's baselines (Sbai, Couprie, Aubry, ICIP 2020, Tables 4-7): other decoders behind the same encoder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, cast

import torch
from safetensors.torch import save
from torch import Tensor, nn

from vecstack.errors import RecipeError, ShapeError, UsageError, WeightsError
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.mask.encoder import EncoderSizes, ResNet
from vecstack.kinds.mask.maker import MAX_SIDE, MAX_SIZE, check_sizes
from vecstack.kinds.mask.model import ModelSizes, grid_points, sample_grid
from vecstack.kinds.mask.net import OUTPUT_GAIN, PLACE_GAIN, PointNorm
from vecstack.kinds.tensors import read_sizes, read_tensors
from vecstack.kinds.weights import BASELINE, read_metadata
from vecstack.pictures.fit import fit_to_side

WIDTH = 512  # of the decoders: channels of a hidden layer, or of the first map
CONVT_CHANNELS = (512, 256, 128, 64, 3)  # of the maps of the ConvT decoder; each is twice as wide as the one before
RESNET_CHANNELS = (512, 512, 256, 256, 128, 64)  # of the maps of the ResNet decoder before its last convolution
RUNNING = ("running_mean", "running_var")  # of a batch norm, by the end of their names
COUNTER = "num_batches_tracked"  # of a batch norm: read only by one without a momentum, and ours has PyTorch's
MAX_POINTS = 1 << 15  # of all pictures drawn at once: the decoders are up to 512 wide


@dataclass(frozen=True)
class BaselineSizes:
    """Sizes of a baseline: which decoder (a key of DECODERS), numbers in the code between encoder and decoder, side
    of the picture in pixels, and the sizes of the encoder."""

    decoder: str = "mlp"
    numbers: int = 130
    side: int = 32
    encoder: EncoderSizes = EncoderSizes()


class PointDecoder(nn.Module):
    """MLP-xy of section 6.3: the colour of each pixel is a function of its place and the code, f(x, y, z): the mask net
    of Table 3, 512 wide and with three outputs. Norm and starting weights are those of MaskNet: groups of 4 channels,
    as Table 3 has at its width (32 groups of 512 would be of 16)."""

    def __init__(self, numbers: int, side: int) -> None:
        super().__init__()
        self.side = side
        inputs = (2 + numbers, WIDTH, WIDTH)
        self.hidden = nn.ModuleList(nn.Linear(n, WIDTH) for n in inputs)
        self.norms = nn.ModuleList(PointNorm(WIDTH) for _ in inputs)
        self.output = nn.Linear(WIDTH, 3)
        with torch.no_grad():
            cast(nn.Linear, self.hidden[0]).weight[:, :2] *= PLACE_GAIN
            self.output.weight *= OUTPUT_GAIN

    def forward(self, codes: Tensor) -> Tensor:
        """Pictures of the decoder's own side: codes [B,numbers] -> [B,3,side,side] in 0..1."""
        colors = self.draw_at(grid_points(self.side, device=codes.device), codes)
        return colors.view(len(codes), 3, self.side, self.side)

    def draw_at(self, points: Tensor, codes: Tensor) -> Tensor:
        """Colours of each picture at each point: points [P,2] in [-1,1]^2, codes [B,numbers] -> [B,3,P] in 0..1."""
        first, *deeper = cast(Iterable[nn.Linear], self.hidden)
        first_norm, *norms = self.norms
        with torch.autocast(points.device.type, enabled=False):  # places in few digits would be other places
            place = first.weight[:, :2] @ points.T  # [C,P]
            # The code's share of the first layer is the same at every point of a picture: computed once.
            shape = first.weight[:, 2:] @ codes.to(first.weight.dtype).T + first.bias[:, None]  # [C,B]
        values = first_norm((shape[:, :, None] + place[:, None]).flatten(1))  # [C,B*P]
        for linear, norm in zip(deeper, norms, strict=True):
            values = norm(torch.addmm(linear.bias[:, None], linear.weight, values))
        values = torch.addmm(self.output.bias[:, None], self.output.weight, values)
        return torch.sigmoid(values.float()).view(3, len(codes), len(points)).transpose(0, 1)


class UpsamplingBlock(nn.Module):
    """Block of Table 7, twice the side of its input by repeating pixels: [B,inputs,H,W] -> [B,channels,2H,2W]."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, channels, 3, 1, 1, bias=False),
            *_batch_norm(channels),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            *_batch_norm(channels),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, channels, 1), nn.Upsample(scale_factor=2))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.residual(x) + self.shortcut(x)
        return result


def _batch_norm(channels: int) -> tuple[nn.Module, nn.Module]:
    """Norm and ReLU of maps. What comes before has no bias: the norm would take it out, and adds one of its own."""
    return nn.BatchNorm2d(channels), nn.ReLU()


def _first_map(numbers: int, side: int) -> tuple[nn.Module, ...]:
    """Codes [B,numbers] -> maps [B,512,side,side], as Tables 5 and 6 begin."""
    return nn.Linear(numbers, WIDTH * side * side), nn.Unflatten(1, (WIDTH, side, side)), *_batch_norm(WIDTH)


def _mlp(numbers: int, side: int) -> nn.Module:
    """The decoder of Table 4. Its last layer is not printed: Linear, sigmoid, as the others end."""
    hidden = [(nn.Linear(n, WIDTH, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU()) for n in (numbers, WIDTH, WIDTH)]
    output = (nn.Linear(WIDTH, 3 * side * side), nn.Sigmoid(), nn.Unflatten(1, (3, side, side)))
    return nn.Sequential(*(layer for layers in hidden for layer in layers), *output)


def _convt(numbers: int, side: int) -> nn.Module:
    """The decoder of Table 5. The table prints one transposed convolution, the last, where sixteen times the side of
    its first map takes four: those before it are DCGAN's (Radford, Metz, Chintala, ICLR 2016), which the paper
    adapts."""
    layers: list[nn.Module] = []
    for inputs, channels in pairwise(CONVT_CHANNELS):
        layers += [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False), *_batch_norm(channels)]
    layers[-1] = nn.Sigmoid()
    return nn.Sequential(*_first_map(numbers, side // 16), *layers)


def _resnet(numbers: int, side: int) -> nn.Module:
    """The decoder of Table 6."""
    blocks = (UpsamplingBlock(inputs, channels) for inputs, channels in pairwise(RESNET_CHANNELS))
    output = (nn.Conv2d(RESNET_CHANNELS[-1], 3, 3, 1, 1, bias=False), nn.BatchNorm2d(3), nn.Sigmoid())
    return nn.Sequential(*_first_map(numbers, side // 32), *blocks, *output)


@dataclass(frozen=True)
class Decoder:
    """How a decoder is built from its numbers and side (codes [B,numbers] -> pictures [B,3,side,side] in 0..1), and
    of what the side must be a multiple, in pixels."""

    build: Callable[[int, int], nn.Module]
    side_step: int = 1


DECODERS = {
    "mlp": Decoder(_mlp),
    "mlp-xy": Decoder(PointDecoder),
    "convt": Decoder(_convt, 16),
    "resnet": Decoder(_resnet, 32),
}


class Baseline(nn.Module):
    """An auto-encoder of the paper's section 6.3: ResNet-18 on three channels, Linear to a code, a decoder.

    The encoder is the predictor's, so that only the decoders are compared: its last map is flattened, where the
    paper's has 512 features, and it has group norm. The decoders have batch norm, but for MLP-xy: in eval() a
    picture does not depend on its batch, and train() needs a batch of two or more. Raises ValueError (see
    check_baseline)."""

    def __init__(self, sizes: BaselineSizes) -> None:
        super().__init__()
        check_baseline(sizes)
        self.sizes = sizes
        self.encoder = ResNet(sizes.encoder, inputs=3)
        self.code_head = nn.Linear(sizes.encoder.feature_count, sizes.numbers)
        self.decoder = DECODERS[sizes.decoder].build(sizes.numbers, sizes.side)

    def forward(self, pictures: Tensor) -> Tensor:
        """The pictures as the decoder gives them back: [B,3,H,W] in 0..1, whatever their size ->
        [B,3,side,side] in 0..1. Raises ShapeError."""
        result: Tensor = self.decoder(self.encode(pictures))
        return result

    def encode(self, pictures: Tensor) -> Tensor:
        """All that a decoder learns of pictures: [B,3,H,W] in 0..1 -> codes [B,numbers]. Raises ShapeError."""
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise ShapeError(f"pictures are {list(pictures.shape)}, a baseline needs [B,3,H,W]")
        codes: Tensor = self.code_head(self.encoder(fit_to_side(pictures, self.sizes.encoder.side)))
        return codes


@dataclass(frozen=True)
class BaselineTrainee:
    """A baseline in these sizes, trained as the predictor is (see vecstack.train.trainee.Trainee)."""

    sizes: BaselineSizes = BaselineSizes()
    name = "a baseline"
    is_generator = False
    layers = 0
    min_batch = 2  # for its batch norms
    width_key = "baseline.encoder.width"

    @property
    def side(self) -> int:
        return self.sizes.side

    def numbers(self, layers: int) -> int:
        return self.sizes.numbers

    def check(self, side: int) -> None:
        try:
            check_baseline(self.sizes)
        except ValueError as error:
            raise RecipeError(f"baseline.{error}") from error
        if self.side != side:
            raise RecipeError(f"baseline.side must be data.side, not {self.side} and {side}.")

    def build(self) -> Baseline:
        return Baseline(self.sizes)

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        raise RecipeError("a baseline starts from weights of its own. Leave start_from out.")

    def to_bytes(self, model: nn.Module) -> bytes:
        return baseline_to_bytes(cast(Baseline, model))

    def load(self, weights: bytes, device: torch.device | None) -> Baseline:
        return load_baseline(weights, device)

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """At all pixels in any case: a decoder draws no less."""
        return batch, *sample_grid(batch, batch.shape[-1], generator)

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        return model.forward

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        drawn: Tensor = costly_part(seen)
        return drawn.flatten(2)[:, None]

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """What is drawn beyond 0..1 is cut off."""
        if pictures.shape[-1] != self.side:
            raise UsageError(f"side must be {self.side}, the only one that this baseline draws.", parameter="side")
        for batch in torch.split(pictures, max(1, MAX_POINTS // self.side**2)):
            yield model(batch.float() / 255).clamp(0, 1)[:, None]


def check_baseline(sizes: BaselineSizes) -> None:
    """Raise ValueError, naming the size, unless a baseline can have these sizes and they are within the limits."""
    if sizes.decoder not in DECODERS:
        raise ValueError(f"decoder must be one of {', '.join(DECODERS)}, not {sizes.decoder:.40}.")
    if not 1 <= sizes.numbers <= MAX_SIZE:
        raise ValueError(f"numbers must be 1 to {MAX_SIZE}, not {sizes.numbers}.")
    step = DECODERS[sizes.decoder].side_step
    if not 1 <= sizes.side <= MAX_SIDE or sizes.side % step:
        allowed = f"1 to {MAX_SIDE}" if step == 1 else f"a multiple of {step} up to {MAX_SIDE}"
        raise ValueError(f"side must be {allowed} for the decoder {sizes.decoder}, not {sizes.side}.")
    check_sizes(ModelSizes(encoder=sizes.encoder))


def baseline_to_bytes(model: Baseline) -> bytes:
    """A weights file: the sizes in its metadata, the tensors in float16, but the running statistics of batch norms in
    float32, since a variance can be past the range of float16. The same model gives the same bytes."""
    tensors = {key: tensor for key, tensor in model.state_dict().items() if not key.endswith(COUNTER)}
    kept = {key: torch.float32 if key.endswith(RUNNING) else torch.float16 for key in tensors}
    stored = {key: tensor.detach().cpu().to(kept[key]).contiguous() for key, tensor in tensors.items()}
    description = {"kind": BASELINE, "sizes": asdict(model.sizes)}
    return save(stored, metadata={METADATA_KEY: json.dumps(description, sort_keys=True)})


def load_baseline(data: bytes, device: torch.device | None) -> Baseline:
    """The baseline in the bytes of a weights file, in eval() and computing in float32. Raises WeightsError: damaged,
    not of a baseline, of other sizes than it says, or with values that are not finite."""
    model = _build(_read_sizes(data))
    state = model.state_dict()
    tensors = read_tensors(data, {key: tensor for key, tensor in state.items() if not key.endswith(COUNTER)})
    counters = {key: torch.zeros_like(state[key], device="cpu") for key in state.keys() - tensors.keys()}
    model.load_state_dict(tensors | counters, assign=True)
    return model.requires_grad_(False).eval().to(device)


def _build(sizes: BaselineSizes) -> Baseline:
    """A baseline whose tensors have shapes and no memory. Raises WeightsError for sizes that cannot be."""
    try:
        with torch.device("meta"):
            return Baseline(sizes)
    except ValueError as error:
        raise WeightsError(f"no baseline can have the sizes in the file: {error}") from error


def _read_sizes(data: bytes) -> BaselineSizes:
    """The sizes in the metadata of a weights file. Raises WeightsError: not of a baseline, or not such sizes."""
    try:
        description = read_metadata(data)
        kind, values = description["kind"], description["sizes"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError("not a baseline. Use weights that `vecstack train` wrote for one.") from error
    if kind != BASELINE:
        raise WeightsError(f"of kind {kind!r:.40}, not a baseline. Use weights that `vecstack train` wrote for one.")
    return cast(BaselineSizes, read_sizes(BaselineSizes, values))
