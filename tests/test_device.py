import pytest
import torch

from vecstack.device import resolve_device
from vecstack.errors import DeviceError


@pytest.fixture
def devices(monkeypatch):
    """Pretends that the machine has so many CUDA devices."""

    def pretend(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return pretend


@pytest.mark.parametrize(
    ("count", "name", "device"),
    [
        (0, "auto", "cpu"),
        (0, "cpu", "cpu"),
        (2, "cpu", "cpu"),
        (2, "auto", "cuda:0"),
        (2, "cuda", "cuda:0"),
        (2, "cuda:1", "cuda:1"),
    ],
)
def test_a_word_names_a_device_that_the_machine_has(devices, count, name, device):
    devices(count)
    assert resolve_device(name) == torch.device(device)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:-1", "cuda:1.0", "CPU", "mps", "cuda:1234567890123456789"])
def test_an_unknown_word_is_refused_with_the_known_ones(devices, name):
    devices(2)
    with pytest.raises(DeviceError, match="auto, cpu, cuda or cuda:N"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_cuda_on_a_machine_without_it_is_refused_with_the_way_out(devices, name):
    devices(0)
    with pytest.raises(DeviceError, match=f"{name}: .*`device='cpu'`"):
        resolve_device(name)


@pytest.mark.parametrize(("count", "there"), [(1, r"use cuda:0\."), (3, r"cuda:0 to cuda:2\.")])
def test_an_index_past_the_last_device_is_refused_with_the_last(devices, count, there):
    devices(count)
    with pytest.raises(DeviceError, match=there):
        resolve_device("cuda:7")
