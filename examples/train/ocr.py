# SPDX-License-Identifier: LGPL-2.1-or-later
"""The head of HRNetV2+OCR, in PyTorch.

"Segmentation Transformer: Object-Contextual Representations for Semantic Segmentation" (Yuan et
al., 2019, arXiv 1909.11065) with the parameter names of its authors' segmentation code. With F the
concatenated branches and K classes:

    areas     aux_head(F)                                 K scores a pixel
    pixels    conv3x3_ocr(F)
    regions   softmax of the areas over the pixels, by the pixels
    context   what the regions tell each pixel, by attention over them
    logits    cls_head(conv_bn_dropout(context, pixels))
"""

import torch
from torch import nn

CHANNELS, KEYS = 512, 256


def projection(make, c_in, c_out):
    """A 1x1 convolution, and norm and ReLU in a module of their own, as the authors nest them."""
    return [make.conv(c_in, c_out, 1), nn.Sequential(make.norm(c_out), nn.ReLU())]


class ObjectContext(nn.Module):
    """`object_context_block`: attention of the pixels over the regions."""

    def __init__(self, make, channels, keys):
        super().__init__()
        self.scale = keys ** -0.5
        self.f_pixel = nn.Sequential(*projection(make, channels, keys),
                                     *projection(make, keys, keys))
        self.f_object = nn.Sequential(*projection(make, channels, keys),
                                      *projection(make, keys, keys))
        self.f_down = nn.Sequential(*projection(make, channels, keys))
        self.f_up = nn.Sequential(*projection(make, keys, channels))

    def forward(self, pixels, regions):
        queries = self.f_pixel(pixels)
        keys, values = self.f_object(regions).flatten(2), self.f_down(regions).flatten(2)
        scores = queries.flatten(2).transpose(1, 2) @ keys * self.scale
        told = torch.softmax(scores, -1) @ values.transpose(1, 2)
        return self.f_up(told.transpose(1, 2).reshape(queries.shape))


class Distribution(nn.Module):
    """`ocr_distri_head`: each pixel beside its context."""

    def __init__(self, make, channels, keys):
        super().__init__()
        self.object_context_block = ObjectContext(make, channels, keys)
        self.conv_bn_dropout = nn.Sequential(*projection(make, 2 * channels, channels),
                                             nn.Dropout2d(0.05))

    def forward(self, pixels, regions):
        context = self.object_context_block(pixels, regions)
        return self.conv_bn_dropout(torch.cat([context, pixels], 1))


def gather(pixels, areas):
    """The regions [batch, channels, K, 1] that the K areas mark."""
    shares = torch.softmax(areas.flatten(2), 2)
    return (pixels.flatten(2) @ shares.transpose(1, 2)).unsqueeze(3)


def add_head(network, make, width):
    """Gives a network the head's modules, whose names are its own."""
    config = network.config
    network.aux_head = nn.Sequential(
        make.conv(width, width, 1, bias=True), make.norm(width), nn.ReLU(inplace=True),
        make.conv(width, config.classes, 1, bias=True))
    network.conv3x3_ocr = nn.Sequential(
        make.conv(width, CHANNELS, bias=True), make.norm(CHANNELS), nn.ReLU(inplace=True))
    network.ocr_distri_head = Distribution(make, CHANNELS, KEYS)
    network.cls_head = make.conv(CHANNELS, config.classes, 1, bias=True)


def head(network, branches):
    """Logits, and the areas, which training has a loss of their own for (0.4 of it, as published)."""
    areas = network.aux_head(branches)
    pixels = network.conv3x3_ocr(branches)
    return network.cls_head(network.ocr_distri_head(pixels, gather(pixels, areas))), areas
