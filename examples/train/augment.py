# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random changes to a training picture: where it is cut, and how its pixels look."""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from tasks import IGNORE

GREY = 116  # outside of a picture: about the mean of ImageNet's


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def cut(picture, labels, box, size):
    """The box (left, top, right, bottom; may reach outside) at `size` (rows, columns).

    Pixels are averaged when shrunk; labels are taken from the nearest pixel. What lies outside is
    grey and IGNORE.
    """
    rows, columns = size
    left, top, right, bottom = box
    scale_x, scale_y = columns / (right - left), rows / (bottom - top)
    inside = (max(left, 0), max(top, 0), min(right, picture.shape[1]), min(bottom, picture.shape[0]))
    x0, x1 = (int(round((x - left) * scale_x)) for x in (inside[0], inside[2]))
    y0, y1 = (int(round((y - top) * scale_y)) for y in (inside[1], inside[3]))
    out = np.full((rows, columns, 3), GREY, np.uint8)
    out_labels = np.full((rows, columns), IGNORE, np.uint8)
    if x1 > x0 and y1 > y0:
        target = (x1 - x0, y1 - y0)
        out[y0:y1, x0:x1] = Image.fromarray(picture).resize(target, Image.BILINEAR, box=inside)
        out_labels[y0:y1, x0:x1] = Image.fromarray(labels).resize(target, Image.NEAREST, box=inside)
    return out, out_labels


def run_scales(shape, size, area, low=0.85, high=(1, 0.6)):
    """Scales to cut at from a picture that the network sees at `area` pixels when it runs: around that
    one, down to where a small cut (of `size`) holds the whole picture."""
    run = float(np.sqrt(area / (shape[0] * shape[1])))
    whole = float(np.sqrt(size[0] * size[1] / area))
    return run * min(low * whole, 0.7), run * (high[0] + high[1] * whole)


def place(rng, extent, window):
    """Where a window begins along an axis: anywhere inside, or anywhere around a small picture."""
    slack = extent - window
    return rng.uniform(min(slack, 0), max(slack, 0))


def random_cut(rng, picture, labels, size, scales, focus=None, stretch=1.25):
    """Cuts at a random place, scale (of `scales`) and aspect, mirrored half the time.

    `focus` (y, x), if given, is a pixel of the picture that shall be seen.
    """
    scale, aspect = log_uniform(rng, *scales), log_uniform(rng, stretch ** -0.5, stretch ** 0.5)
    height, width = size[0] / scale * aspect, size[1] / scale / aspect
    top = place(rng, picture.shape[0], height)
    left = place(rng, picture.shape[1], width)
    if focus is not None:
        top = np.clip(focus[0] - rng.uniform(0.1, 0.9) * height,
                      *sorted((0, picture.shape[0] - height)))
        left = np.clip(focus[1] - rng.uniform(0.1, 0.9) * width,
                       *sorted((0, picture.shape[1] - width)))
    out, out_labels = cut(picture, labels, (left, top, left + width, top + height), size)
    if rng.random() < 0.5:
        out, out_labels = out[:, ::-1], out_labels[:, ::-1]
    return out, out_labels


def tone_curve(rng):
    """A table of 3 x 256 bytes: gamma, contrast, brightness, and each channel's own gain."""
    x = np.linspace(0, 1, 256) ** log_uniform(rng, 0.65, 1.5)
    contrast, brightness = log_uniform(rng, 0.6, 1.5), rng.uniform(-0.15, 0.15)
    gains = np.exp(rng.normal(0, 0.08, 3))
    curves = ((x - 0.5) * contrast + 0.5 + brightness) * gains[:, None]
    return (curves.clip(0, 1) * 255).round().astype(np.uint8).ravel().tolist()


def motion_blur(rng, image):
    """The mean along a short line of any direction, as a moving camera makes it."""
    length, angle = rng.uniform(2, 7), rng.uniform(0, np.pi)
    y, x = np.mgrid[-2:3, -2:3]
    along, across = x * np.cos(angle) + y * np.sin(angle), x * np.sin(angle) - y * np.cos(angle)
    kernel = np.clip(1 - np.abs(across), 0, 1) * (np.abs(along) <= length / 2)
    return image.filter(ImageFilter.Kernel((5, 5), kernel.ravel().tolist(), scale=kernel.sum()))


def dim(rng, picture):
    """Little light: a fraction of it, with the noise that the camera's gain brings."""
    gain = rng.uniform(0.12, 0.5)
    noise = rng.standard_normal(picture.shape, np.float32) * (1.5 + 5 * (0.5 - gain))
    return (picture * gain + noise).clip(0, 255).astype(np.uint8)


def degrade(rng, image):
    """Blur, a lower resolution, JPEG: what cameras and networks do to a picture."""
    if rng.random() < 0.12:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6)))
    elif rng.random() < 0.08:
        image = motion_blur(rng, image)
    if rng.random() < 0.12:
        factor = rng.uniform(0.4, 0.9)
        small = image.resize([max(1, int(n * factor)) for n in image.size], Image.BILINEAR)
        image = small.resize(image.size, Image.BILINEAR)
    if rng.random() < 0.2:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=int(rng.integers(20, 85)))
        image = Image.open(stream).convert("RGB")
    return image


def recolour(rng, picture):
    """Colour, blur, JPEG and noise at random; labels stay as they are."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if rng.random() < 0.8:
        image = image.point(tone_curve(rng))
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.4, 1.6))
    if rng.random() < 0.05:
        image = image.convert("L").convert("RGB")
    picture = np.asarray(degrade(rng, image))
    if rng.random() < 0.06:
        picture = dim(rng, picture)
    elif rng.random() < 0.2:
        noise = rng.standard_normal(picture.shape, np.float32) * rng.uniform(2, 14)
        picture = (picture + noise).clip(0, 255).astype(np.uint8)
    return picture
