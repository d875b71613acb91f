from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.conftest import TINY
from vecstack.errors import RecipeError, WeightsError
from vecstack.kinds.mask.baselines import BaselineTrainee
from vecstack.kinds.mask.kind import KIND
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.training import MaskTrainee

SMALL = replace(TINY, layers=2, layers_per_pass=2)


@pytest.fixture
def small() -> Predictor:
    """A model of 2 layers in one pass."""
    torch.manual_seed(0)
    return Predictor(SMALL)


def started(sizes: ModelSizes, given: Predictor) -> Predictor:
    """A model of these sizes with the weights of another."""
    trainee = MaskTrainee(sizes)
    model = trainee.build()
    trainee.start_from(model, given)
    return model


def test_each_layer_becomes_as_many_as_the_larger_model_has_of_it(small: Predictor) -> None:
    larger = started(replace(SMALL, layers=6, layers_per_pass=6), small)
    picture = torch.rand(1, 3, 16, 16)
    codes, colors = small.predict(picture)
    more_codes, more_colors = larger.predict(picture)
    torch.testing.assert_close(more_codes, codes.repeat_interleave(3, 1))
    torch.testing.assert_close(more_colors, colors.repeat_interleave(3, 1))
    assert torch.equal(larger.net.output.weight, small.net.output.weight)


def test_another_net_is_refused(small: Predictor) -> None:
    with pytest.raises(RecipeError, match="same net and encoder"):
        started(replace(SMALL, net=replace(SMALL.net, code=4)), small)


def test_a_count_of_layers_that_is_no_multiple_is_refused(small: Predictor) -> None:
    with pytest.raises(RecipeError, match="a multiple of its layers_per_pass, 2"):
        started(replace(SMALL, layers=3, layers_per_pass=3), small)


def test_a_model_of_something_else_is_refused() -> None:
    with pytest.raises(RecipeError, match="does not predict mask layers"):
        MaskTrainee(SMALL).start_from(Predictor(SMALL), torch.nn.Identity())


def test_the_kind_reads_its_tables() -> None:
    encoder = {"side": 16, "width": 8, "blocks": [1, 1, 1, 1], "stem_pool": False}
    tables = {"model": {"layers": 3, "canvas_side": 4, "net": {"code": 3, "width": 8, "depth": 2}, "encoder": encoder}}
    assert KIND.trainee(tables) == MaskTrainee(TINY)
    assert KIND.trainee({}) == MaskTrainee()
    assert isinstance(KIND.trainee(tables | {"baseline": {"numbers": 8}}), BaselineTrainee)
    with pytest.raises(RecipeError, match="model: layers must be int"):
        KIND.trainee({"model": {"layers": "many"}})


@pytest.mark.parametrize("trainee", [MaskTrainee(TINY), BaselineTrainee(replace(BaselineTrainee().sizes, side=16))])
def test_weights_come_back_as_float16_keeps_them(trainee: MaskTrainee | BaselineTrainee) -> None:
    data = trainee.to_bytes(trainee.build())
    assert trainee.to_bytes(trainee.load(data, None)) == data
    with pytest.raises(WeightsError):
        trainee.load(data[:-1], None)


def test_a_step_sees_one_pixel_of_each_cell_or_all(predictor: Predictor) -> None:
    trainee, batch = MaskTrainee(TINY), torch.rand(2, 3, 16, 16)
    for whole, side in ((False, 4), (True, 16)):
        seen, points, truth = trainee.sample(batch, whole, torch.Generator().manual_seed(0))
        assert torch.equal(seen, batch)
        assert (points.shape, truth.shape) == ((side**2, 2), (2, 3, side**2))
        column, row = (((points + 1) * 8).floor().long()).unbind(1)
        assert torch.equal(truth, batch[:, :, row, column])
        canvases = trainee.canvases(predictor, seen, points, trainee.costly_part(predictor))
        assert canvases.shape == (2, 3, 3, side**2)
