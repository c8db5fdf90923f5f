#!/usr/bin/python3
"""The training loop that a PyTorch user would write, for the designs of `kwsmith bench train`.

    tests/bench/pytorch_peer.py [--json] [--seconds 1] [--rounds 3] [--designs ds_cnn_s,gru_s]

Needs Debian's python3-torch. torch.nn modules, torch.optim.Adam, batches of 100 random clips, float32. Printed are
samples per second of whole steps (forward, backward, Adam, loss.item()) with the thread count that PyTorch takes by
itself and with the better of one and two threads.
"""
import argparse
import json
import pathlib
import time

import torch
from torch import nn

CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"
DESIGNS = ["basic_lstm_s", "cnn_s", "crnn_s", "dnn_s", "ds_cnn_s", "gru_s", "lstm_s", "bc_resnet_1", "ds_tc_small",
           "tc_resnet8"]
BATCH = 100


def frames(features):
    return (1000 - features["window_ms"]) // features["stride_ms"] + 1


def pair(extent):
    return (extent["time"], extent["freq"]) if isinstance(extent, dict) else tuple(extent)


def same(size, kernel, stride):
    """TensorFlow's SAME padding of one direction: before, after."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def same_conv(channels, filters, conv, size, groups=1):
    """Convolution with SAME padding; uneven padding by a layer before it. Returns the modules and the map left."""
    kernel, stride = pair(conv["kernel"]), pair(conv["stride"])
    (top, bottom), (left, right) = (same(s, k, t) for s, k, t in zip(size, kernel, stride))
    left_over = [-(-s // t) for s, t in zip(size, stride)]
    pad = [] if (top, left) == (bottom, right) else [nn.ZeroPad2d((left, right, top, bottom))]
    padding = 0 if pad else (top, left)
    return pad + [nn.Conv2d(channels, filters, kernel, stride, padding, groups=groups, bias=False)], left_over


def valid_conv(channels, conv, size):
    kernel, stride = pair(conv["kernel"]), pair(conv["stride"])
    left_over = [(s - k) // t + 1 for s, k, t in zip(size, kernel, stride)]
    return nn.Conv2d(channels, conv["filters"], kernel, stride), left_over


class LastOutput(nn.Module):
    """A recurrent layer read at its last step; from a map [N, C, T, F] or a clip [N, T, F]."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        if x.dim() == 4:
            x = x.permute(0, 2, 3, 1).flatten(2)
        return self.layer(x)[0][:, -1]


class WithChannel(nn.Module):
    def forward(self, x):
        return x.unsqueeze(1)


def conv_norm(channels, filters, kernel, stride=1, relu=True, **options):
    """Convolution with padding of equal size, batch norm and perhaps ReLU."""
    kernel = kernel if isinstance(kernel, tuple) else (kernel, 1)
    dilation = options.pop("dilation", (1, 1))
    padding = tuple((k - 1) * d // 2 for k, d in zip(kernel, dilation))
    layers = [nn.Conv2d(channels, filters, kernel, stride, padding, dilation, bias=False, **options),
              nn.BatchNorm2d(filters)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class SubSpectralNorm(nn.Module):
    def __init__(self, channels, bands):
        super().__init__()
        self.bands = bands
        self.norm = nn.BatchNorm2d(channels * bands)

    def forward(self, x):
        n, c, t, f = x.shape
        x = x.view(n, c, t, self.bands, f // self.bands).transpose(2, 3).reshape(n, c * self.bands, t, -1)
        return self.norm(x).view(n, c, self.bands, t, -1).transpose(2, 3).reshape(n, c, t, f)


class Residual(nn.Module):
    def __init__(self, branch, skip):
        super().__init__()
        self.branch, self.skip, self.relu = branch, skip, nn.ReLU()

    def forward(self, x):
        return self.relu(self.branch(x) + self.skip(x))


class BroadcastResidual(nn.Module):
    def __init__(self, inputs, channels, stride, dilation):
        super().__init__()
        self.same = inputs == channels
        self.first = nn.Identity() if self.same else conv_norm(inputs, channels, 1)
        self.spread = nn.Sequential(nn.Conv2d(channels, channels, (1, 3), (1, stride), (0, 1), groups=channels,
                                              bias=False), SubSpectralNorm(channels, 5))
        self.temporal = nn.Sequential(conv_norm(channels, channels, 3, relu=False, groups=channels,
                                                dilation=(dilation, 1)), nn.SiLU(), nn.Conv2d(channels, channels, 1))
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.spread(self.first(x))
        y = y + self.temporal(y.mean(3, keepdim=True))
        return self.relu(y + x if self.same else y)


class Coefficients(nn.Module):
    """[N, T, F] -> [N, F, T, 1]"""

    def forward(self, x):
        return x.transpose(1, 2).unsqueeze(3)


def bc_resnet_1():
    layers, inputs = [WithChannel(), conv_norm(1, 16, (5, 5), (1, 2))], 16
    for stage, (count, channels, stride) in enumerate([(2, 8, 1), (2, 12, 2), (4, 16, 2), (4, 20, 1)]):
        for _ in range(count):
            layers.append(BroadcastResidual(inputs, channels, stride if inputs != channels else 1, 1 << stage))
            inputs = channels
    return layers + [nn.Conv2d(20, 20, 5, padding=(2, 0), groups=20), conv_norm(20, 32, 1), nn.AdaptiveAvgPool2d(1),
                     nn.Conv2d(32, 12, 1), nn.Flatten()]


def tc_resnet8():
    layers, inputs = [Coefficients(), nn.Conv2d(40, 16, (3, 1), padding=(1, 0))], 16
    for filters in (24, 32, 48):
        branch = nn.Sequential(conv_norm(inputs, filters, 9, (2, 1)), conv_norm(filters, filters, 9, relu=False))
        layers.append(Residual(branch, conv_norm(inputs, filters, 1, (2, 1))))
        inputs = filters
    return layers + [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 12)]


def separable(channels, filters, kernel, relu=True, dilation=1, stride=1):
    return nn.Sequential(nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), ((kernel - 1) * dilation // 2, 0),
                                   (dilation, 1), groups=channels), conv_norm(channels, filters, 1, relu=relu))


def ds_tc_small():
    layers = [Coefficients(), separable(40, 64, 9, stride=2)]
    for kernel in (11, 13, 15):
        branch = nn.Sequential(separable(64, 64, kernel), separable(64, 64, kernel, relu=False))
        layers.append(Residual(branch, nn.Identity()))
    return layers + [separable(64, 96, 17, dilation=2), conv_norm(96, 96, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                     nn.Linear(96, 12)]


# Networks that are no chains.
GRAPHS = {"bc_resnet_1": bc_resnet_1, "ds_tc_small": ds_tc_small, "tc_resnet8": tc_resnet8}


def load(name):
    for file in CONFIGS.glob(f"*/{name}.json"):
        return json.loads(file.read_text())
    raise SystemExit(f"{name}: no such design in configs")


def build(design):
    features, network, classes = design["features"], design["network"], design["classes"]
    if design["name"] in GRAPHS:
        return nn.Sequential(*GRAPHS[design["name"]]()), [frames(features), 40]
    kind = network["type"]
    size = [frames(features), features["coefficients"]]
    step = size[1]
    if kind == "dnn":
        layers, inputs = [nn.Flatten()], size[0] * size[1]
        for width in network["hidden"]:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        layers.append(nn.Linear(inputs, classes))
    elif kind == "cnn":
        layers, channels = [WithChannel()], 1
        for conv in network["conv"]:
            module, size = valid_conv(channels, conv, size)
            channels = conv["filters"]
            layers += [module, nn.BatchNorm2d(channels), nn.ReLU()]
        layers += [nn.Flatten(), nn.Linear(channels * size[0] * size[1], network["linear"]),
                   nn.Linear(network["linear"], network["fc"]), nn.BatchNorm1d(network["fc"]), nn.ReLU(),
                   nn.Linear(network["fc"], classes)]
    elif kind in ("basic_lstm", "lstm"):
        projection = network.get("projection", 0)
        cell = nn.LSTM(step, network["cells"], batch_first=True, proj_size=projection)
        layers = [LastOutput(cell), nn.Linear(projection or network["cells"], classes)]
    elif kind == "gru":
        cell = nn.GRU(step, network["cells"], network["layers"], batch_first=True)
        layers = [LastOutput(cell), nn.Linear(network["cells"], classes)]
    elif kind == "crnn":
        module, size = valid_conv(1, network["conv"], size)
        cell = nn.GRU(network["conv"]["filters"] * size[1], network["cells"], network["gru_layers"], batch_first=True)
        layers = [WithChannel(), module, nn.ReLU(), LastOutput(cell), nn.Linear(network["cells"], network["fc"]),
                  nn.ReLU(), nn.Linear(network["fc"], classes)]
    else:
        channels = network["conv"]["filters"]
        modules, size = same_conv(1, channels, network["conv"], size)
        layers = [WithChannel(), *modules, nn.BatchNorm2d(channels), nn.ReLU()]
        for block in network["blocks"]:
            modules, size = same_conv(channels, channels, block, size, groups=channels)
            layers += [*modules, nn.BatchNorm2d(channels), nn.ReLU(),
                       nn.Conv2d(channels, block["filters"], 1, bias=False), nn.BatchNorm2d(block["filters"]), nn.ReLU()]
            channels = block["filters"]
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers), [frames(features), features["coefficients"]]


def rate(design, seconds):
    net, size = build(design)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    x = torch.randn(BATCH, *size)
    labels = torch.arange(BATCH) % design["classes"]

    def one():
        optimiser.zero_grad()
        loss = criterion(net(x), labels)
        loss.backward()
        optimiser.step()
        return loss.item()

    one()
    start, steps = time.perf_counter(), 0
    while steps < 2 or time.perf_counter() - start < seconds:
        one()
        steps += 1
    return steps * BATCH / (time.perf_counter() - start)


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--designs", default=",".join(DESIGNS))
    options = parser.parse_args()
    default_threads = torch.get_num_threads()
    rows = []
    for name in options.designs.split(","):
        design = load(name)
        rates = {threads: [] for threads in {default_threads, 1, 2}}
        for _ in range(options.rounds):
            for threads, values in rates.items():
                torch.set_num_threads(threads)
                values.append(rate(design, options.seconds))
        rows.append({"name": name, "default_samples_s": median(rates[default_threads]),
                     "tuned_samples_s": max(median(rates[1]), median(rates[2]))})
        if not options.json:
            row = rows[-1]
            print(f"{name:14}{row['default_samples_s']:10.0f}{row['tuned_samples_s']:10.0f}", flush=True)
    if options.json:
        print(json.dumps({"schema": "kwsmith.bench/1", "torch": torch.__version__, "default_threads": default_threads,
                          "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
