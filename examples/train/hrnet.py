# SPDX-License-Identifier: LGPL-2.1-or-later
"""HRNetV2 for semantic segmentation, in PyTorch.

The network of "Deep High-Resolution Representation Learning for Visual Recognition" (Wang et al.,
2019) with the parameter names of its authors' segmentation code, so that a state_dict from here is
a checkpoint to the engine and theirs loads here:

    stem      conv1 bn1 conv2 bn2                        3x3, stride 2, twice: 1/4 of the input
    stage 1   layer1.B                                   bottleneck blocks
    to N      transitionT.I.0/1  transitionT.I.0.0/1     widen; open a branch of half the size
    stage N   stageN.M.branches.I.B                      residual blocks, each branch alone
              stageN.M.fuse_layers.I.J                   exchange: every branch into every branch
    head      last_layer.0 .1 .3                         concatenation, 1x1 + BN + ReLU, classifier
              or HRNetV2+OCR's, see ocr.py

Logits come at a quarter of the input's size, a branch of an odd size having ceil(n/2) of its
parent's rows. `upsample_logits` brings them to the picture's size.
"""

from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional as F

import ocr

STEM_CHANNELS = 64


@dataclass(frozen=True)
class Config:
    """What tells one HRNetV2 from another."""

    stage1_blocks: int = 4
    stage1_width: int = 64  # planes of a bottleneck; it puts out 4 times as many
    modules: tuple = (1, 4, 3)  # exchange modules in stages 2, 3, 4
    blocks: int = 4  # residual blocks a branch in each module
    channels: tuple = (18, 36, 72, 144)  # of the branches, high resolution first
    bottleneck: bool = False  # bottleneck rather than basic blocks in stages 2 to 4
    single_output: bool = False  # the last module makes branch 0 only, and the head sees it alone
    classes: int = 19
    classifier_kernel: int = 1
    ocr: bool = False  # the head of HRNetV2+OCR
    align_corners: bool = False
    upsample: str = "bilinear"  # or "nearest", in the exchange units and the head
    norm: str = "bn"  # or "inplace_abn": gamma enters as abs(gamma) + eps
    padding: str = "symmetric"  # or "same": at stride 2 on even sizes 0 before and 1 after


VARIANTS = {
    "w18-small-v1": Config(1, 32, (1, 1, 1), 2, (16, 32, 64, 128)),
    "w18-small-v2": Config(2, 64, (1, 3, 2), 2, (18, 36, 72, 144)),
    "w18": Config(),
    "w32": Config(channels=(32, 64, 128, 256)),
    "w48": Config(channels=(48, 96, 192, 384)),
    "w32-single": Config(modules=(1, 1, 1), channels=(32, 64, 128, 256)),
}


class AbsBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation as In-Place ABN of the authors' PyTorch 0.4.1 code has it."""

    def forward(self, x):
        gamma = self.weight.abs() + self.eps
        return F.batch_norm(x, self.running_mean, self.running_var, gamma, self.bias,
                            self.training, self.momentum, self.eps)


class SameConv2d(nn.Conv2d):
    """A 3x3 convolution of stride 2 padded as TensorFlow and Paddle do with "same"."""

    def forward(self, x):
        before_y, before_x = x.shape[-2] % 2, x.shape[-1] % 2
        x = F.pad(x, (before_x, 1, before_y, 1))
        return F.conv2d(x, self.weight, self.bias, self.stride)


class Layers:
    """Makes the layers of one configuration."""

    def __init__(self, config):
        self.config = config

    def conv(self, c_in, c_out, kernel=3, stride=1, bias=False):
        same = stride == 2 and self.config.padding == "same"
        kind = SameConv2d if same else nn.Conv2d
        return kind(c_in, c_out, kernel, stride, 0 if same else kernel // 2, bias=bias)

    def norm(self, channels):
        kind = AbsBatchNorm2d if self.config.norm == "inplace_abn" else nn.BatchNorm2d
        return kind(channels)

    def conv_norm(self, c_in, c_out, kernel=3, stride=1, relu=True):
        layers = [self.conv(c_in, c_out, kernel, stride), self.norm(c_out)]
        return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))

    def resize(self, x, size):
        """Brings `x` to `size` (rows, columns) the way this network upsamples."""
        if x.shape[-2:] == size:
            return x
        if self.config.upsample == "nearest":
            return F.interpolate(x, size, mode="nearest")
        return F.interpolate(x, size, mode="bilinear", align_corners=self.config.align_corners)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, make, c_in, planes):
        super().__init__()
        self.conv1, self.bn1 = make.conv(c_in, planes), make.norm(planes)
        self.conv2, self.bn2 = make.conv(planes, planes), make.norm(planes)
        self.downsample = shortcut(make, c_in, planes)

    def forward(self, x):
        y = F.relu_(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu_(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, make, c_in, planes):
        super().__init__()
        c_out = planes * self.expansion
        self.conv1, self.bn1 = make.conv(c_in, planes, 1), make.norm(planes)
        self.conv2, self.bn2 = make.conv(planes, planes), make.norm(planes)
        self.conv3, self.bn3 = make.conv(planes, c_out, 1), make.norm(c_out)
        self.downsample = shortcut(make, c_in, c_out)

    def forward(self, x):
        y = F.relu_(self.bn1(self.conv1(x)))
        y = F.relu_(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu_(y + (x if self.downsample is None else self.downsample(x)))


def shortcut(make, c_in, c_out):
    """A block's `downsample`: there only where the number of channels changes."""
    return None if c_in == c_out else make.conv_norm(c_in, c_out, 1, relu=False)


def block_chain(make, kind, c_in, planes, count):
    blocks = [kind(make, c_in, planes)]
    blocks += [kind(make, planes * kind.expansion, planes) for _ in range(1, count)]
    return nn.Sequential(*blocks)


class Exchange(nn.Module):
    """One module: residual blocks on each branch, then every branch summed into every branch."""

    def __init__(self, make, kind, planes, c_in, count, outputs):
        super().__init__()
        self.make = make
        channels = [p * kind.expansion for p in planes]
        self.branches = nn.ModuleList(block_chain(make, kind, c, p, count)
                                      for c, p in zip(c_in, planes))
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(self._path(make, channels, i, j) for j in range(len(planes)))
            for i in range(outputs)) if len(planes) > 1 else None

    @staticmethod
    def _path(make, channels, i, j):
        """From branch j to branch i."""
        if j == i:
            return None
        if j > i:  # from a lower resolution: 1x1; `forward` upsamples
            return make.conv_norm(channels[j], channels[i], 1, relu=False)
        steps = [make.conv_norm(channels[j], channels[j], stride=2) for _ in range(i - j - 1)]
        return nn.Sequential(*steps, make.conv_norm(channels[j], channels[i], stride=2, relu=False))

    def forward(self, xs):
        xs = [branch(x) for branch, x in zip(self.branches, xs)]
        if self.fuse_layers is None:
            return xs
        outputs = []
        for i, row in enumerate(self.fuse_layers):
            total = None
            for j, path in enumerate(row):
                y = xs[j] if path is None else path(xs[j])
                y = self.make.resize(y, xs[i].shape[-2:])
                total = y if total is None else total + y
            outputs.append(F.relu(total))
        return outputs


class HRNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.make = make = Layers(config)
        kind = Bottleneck if config.bottleneck else BasicBlock

        self.conv1, self.bn1 = make.conv(3, STEM_CHANNELS, stride=2), make.norm(STEM_CHANNELS)
        self.conv2 = make.conv(STEM_CHANNELS, STEM_CHANNELS, stride=2)
        self.bn2 = make.norm(STEM_CHANNELS)
        self.layer1 = block_chain(make, Bottleneck, STEM_CHANNELS, config.stage1_width,
                                  config.stage1_blocks)

        channels = [config.stage1_width * Bottleneck.expansion]
        for stage, modules in enumerate(config.modules, 2):
            planes = config.channels[:stage]
            wanted = [p * kind.expansion for p in planes]
            setattr(self, f"transition{stage - 1}", self._transition(make, channels, wanted))
            last_stage = stage == len(config.modules) + 1
            setattr(self, f"stage{stage}", nn.Sequential(*(
                Exchange(make, kind, planes, wanted, config.blocks,
                         1 if config.single_output and last_stage and m == modules - 1 else stage)
                for m in range(modules))))
            channels = wanted

        width = channels[0] if config.single_output else sum(channels)
        if config.ocr:
            ocr.add_head(self, make, width)
        else:
            self.last_layer = nn.Sequential(
                make.conv(width, width, 1, bias=True), make.norm(width), nn.ReLU(inplace=True),
                make.conv(width, config.classes, config.classifier_kernel, bias=True))
        self.reset_parameters()

    @staticmethod
    def _transition(make, before, after):
        paths = [None if c == b else make.conv_norm(b, c) for b, c in zip(before, after)]
        for c in after[len(before):]:
            paths.append(nn.Sequential(make.conv_norm(before[-1], c, stride=2)))
        return nn.ModuleList(paths)

    def reset_parameters(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def features(self, x):
        """The last stage's branches, high resolution first."""
        x = F.relu_(self.bn1(self.conv1(x)))
        x = F.relu_(self.bn2(self.conv2(x)))
        xs = [self.layer1(x)]
        for stage in range(2, len(self.config.modules) + 2):
            transition = getattr(self, f"transition{stage - 1}")
            xs = [path(xs[min(i, len(xs) - 1)]) if path is not None else xs[i]
                  for i, path in enumerate(transition)]
            xs = getattr(self, f"stage{stage}")(xs)
        return xs

    def _concatenate(self, xs):
        """All branches at the highest resolution."""
        return torch.cat([self.make.resize(x, xs[0].shape[-2:]) for x in xs], 1)

    def _mix(self, xs):
        """The head's first convolution over the upsampled, concatenated branches."""
        size, mix = xs[0].shape[-2:], self.last_layer[0]
        if not self.training:
            return mix(self._concatenate(xs))
        # Same sum in another order: a 1x1 convolution commutes with upsampling, so that each
        # branch's part can run at the branch's own size. Saves a fifth of the training time.
        parts = mix.weight.split([x.shape[1] for x in xs], 1)
        total = F.conv2d(xs[0], parts[0], mix.bias)
        for x, part in zip(xs[1:], parts[1:]):
            total = total + self.make.resize(F.conv2d(x, part), size)
        return total

    def head(self, xs):
        """Logits from the last stage's branches."""
        if self.config.ocr:
            return ocr.head(self, self._concatenate(xs))[0]
        return self.last_layer[3](F.relu_(self.last_layer[1](self._mix(xs))))

    def forward(self, x):
        """Logits [batch, classes, ceil(H/4), ceil(W/4)] of a normalised picture [batch, 3, H, W]."""
        return self.head(self.features(x))


def upsample_logits(logits, size, align_corners=False):
    return F.interpolate(logits, size, mode="bilinear", align_corners=align_corners)


def build(variant, **options):
    """A network by name; `options` go over the variant's fields: build("w32", classes=150)."""
    return HRNet(replace(VARIANTS[variant], **options))
