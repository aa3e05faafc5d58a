#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX graphs as other code bases and tools make them: MMSegmentation's, weights of 8 bits, old
operators, functions, preparation of the picture before the network and what follows on it.

    test_graphs.py COMPARE_WEIGHTS HRNET_SEGMENT

Prints TAP; skipped without PyTorch and onnx.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

try:
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    print("1..0 # SKIP PyTorch or onnx is not installed")
    sys.exit(0)

import checkpoints
import mmsegmentation
from forms import Report

SIZE = (131, 197)
ANY_SIZE = {"input_names": ["x"], "dynamic_axes": {"x": {2: "h", 3: "w"}}}
ROUNDING = 1e-6


def export(path, model, shape=(1, 3, *SIZE), dtype=torch.float32, opset=13, **options):
    checkpoints.export_onnx(path, model, **options, opset_version=opset, example=torch.zeros(shape, dtype=dtype))


def simplifiers():
    """Programs that rewrite a graph into a simpler one, where they are installed."""
    if importlib.util.find_spec("onnxsim"):
        import onnxsim
        yield "onnxsim", lambda path: onnx.save(onnxsim.simplify(onnx.load(path))[0], path)
    if importlib.util.find_spec("onnxslim"):
        import onnxslim
        yield "onnxslim", lambda path: onnx.save(onnxslim.slim(onnx.load(path)), path)


def drop_second_steps(path):
    """What is left of the two steps of upsampling where the second one does nothing."""
    model = onnx.load(path)
    graph, resized = model.graph, {n.output[0]: n for n in model.graph.node if n.op_type == "Resize"}
    for node in [n for n in resized.values() if n.input[0] in resized]:
        for other in graph.node:
            other.input[:] = [node.input[0] if name == node.output[0] else name for name in other.input]
        graph.node.remove(node)
    onnx.save(model, path)


def mmsegmentation_cases(report, folder):
    plain, path, model = folder / "plain.safetensors", folder / "model.onnx", mmsegmentation.segmentor("logits")
    checkpoints.write_safetensors(plain, checkpoints.varied().state_dict(), {"hrnet.exchange_twice": "true"})
    for end in ("scores", "labels"):
        for title, options in (("static", {}), ("of any size", ANY_SIZE)):
            export(path, mmsegmentation.segmentor(end), opset=11, **options)
            report.case(f"MMSegmentation, {title}, {end}", plain, path, ROUNDING, model=model)
            for name, simplify in simplifiers():
                export(path, mmsegmentation.segmentor(end), opset=13, **options)
                simplify(path)
                report.case(f"MMSegmentation, {title}, {end}, {name}", plain, path, ROUNDING, model=model)
    if importlib.util.find_spec("onnxscript"):
        export(path, mmsegmentation.segmentor("labels"), opset=18, dynamo=True)
        report.case("MMSegmentation, newer exporter", plain, path, ROUNDING, model=model)

    multiplied = mmsegmentation.multiplied
    mmsegmentation.multiplied = lambda x, factor: multiplied(x, 2 * factor)
    export(path, mmsegmentation.segmentor("labels"))
    mmsegmentation.multiplied = multiplied
    report.case("a first step by another factor", plain, path, 0, refused=True, message="upsample 2 times")

    checkpoints.write_safetensors(plain, checkpoints.varied().state_dict())
    even = mmsegmentation.segmentor("labels")
    export(path, even, shape=(1, 3, 128, 192))
    drop_second_steps(path)
    report.case("MMSegmentation, second steps dropped where they do nothing", plain, path, ROUNDING)
    export(path, even)
    drop_second_steps(path)
    report.case("second steps dropped where they do something", plain, path, 0, refused=True)


def quantised(weight, axis_size, zero_point):
    """A weight in 8 bits, its scales and zeros, and what it is then."""
    flat = weight.reshape(weight.shape[0], -1)
    low = flat.amin(1, True) if zero_point else -flat.abs().amax(1, True)
    scale = ((flat.amax(1, True) if zero_point else flat.abs().amax(1, True)) - low) / 254
    scale = scale.clamp_min(1e-8) if axis_size else torch.full_like(scale, scale.max())
    zero = (-low / scale).round() if zero_point else torch.zeros_like(scale)
    if not axis_size:
        zero = torch.full_like(zero, 127 if zero_point else 0)
    bounds = (0, 255) if zero_point else (-127, 127)
    whole = (flat / scale + zero).round().clamp(*bounds)
    return whole, scale[:, 0], zero[:, 0], ((whole - zero) * scale).reshape(weight.shape)


def weights_of_8_bits(path, state, per_channel, zero_point, outside=False):
    """Makes every convolution's weight whole numbers, dequantised and reshaped before it. Returns
    the state that is left."""
    model = onnx.load(path)
    graph, left, kind = model.graph, dict(state), TensorProto.UINT8 if zero_point else TensorProto.INT8
    for tensor in [t for t in graph.initializer if len(t.dims) == 4]:
        whole, scale, zero, left[tensor.name] = quantised(state[tensor.name], per_channel, zero_point)
        n, name = (scale.numel() if per_channel else 1), tensor.name
        parts = {"q": (kind, whole.shape, whole), "s": (TensorProto.FLOAT, [n], scale[:n]),
                 "z": (kind, [n], zero[:n])}
        if not per_channel:
            parts = {k: (t, s if k == "q" else [], v) for k, (t, s, v) in parts.items()}
        for part, (dtype, shape, values) in parts.items():
            values = values.reshape(-1)
            values = values.int() if dtype != TensorProto.FLOAT else values
            graph.initializer.append(helper.make_tensor(f"{name}.{part}", dtype, list(shape), values.tolist()))
        graph.initializer.append(helper.make_tensor(f"{name}.shape", TensorProto.INT64, [4], [
            tensor.dims[0], -1, *tensor.dims[2:]]))
        graph.initializer.remove(tensor)
        graph.node.insert(0, helper.make_node("Reshape", [f"{name}.flat", f"{name}.shape"], [name]))
        graph.node.insert(0, helper.make_node("DequantizeLinear", [f"{name}.{part}" for part in "qsz"],
                                              [f"{name}.flat"], axis=0))
    onnx.save(model, path, save_as_external_data=outside, location="weights.bin", size_threshold=0)
    return left


def reshaped_constants(path):
    """Each bias of the normalisation made by Expand, Cast, CastLike and arithmetic."""
    model = onnx.load(path)
    graph = model.graph
    graph.initializer.append(helper.make_tensor("two", TensorProto.DOUBLE, [1], [2.0]))
    for tensor in [t for t in graph.initializer if t.name.endswith(".running_var")]:
        name, n = tensor.name, tensor.dims[0]
        graph.initializer.append(helper.make_tensor(f"{name}.n", TensorProto.INT64, [1], [n]))
        tensor.name += ".half"
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) / 2, tensor.name))
        nodes = [helper.make_node("Expand", ["two", f"{name}.n"], [f"{name}.twos"]),
                 helper.make_node("CastLike", [f"{name}.twos", tensor.name], [f"{name}.cast"]),
                 helper.make_node("Mul", [tensor.name, f"{name}.cast"], [name])]
        for node in reversed(nodes):
            graph.node.insert(0, node)
    onnx.save(model, path)


def weight_cases(report, folder):
    plain, path, model = folder / "plain.safetensors", folder / "model.onnx", checkpoints.varied()
    for per_channel, zero_point, outside in ((True, False, False), (True, True, False), (False, True, False),
                                             (False, False, False), (True, False, True)):
        export(path, model, keep_norm=True)
        state = weights_of_8_bits(path, model.state_dict(), per_channel, zero_point, outside)
        checkpoints.write_safetensors(plain, state)
        other = checkpoints.varied()
        other.load_state_dict(state)
        report.case(f"weights of 8 bits, {'a scale a channel' if per_channel else 'one scale'}, "
                    f"{'un' * zero_point}signed{', in a file beside' * outside}", plain, path, ROUNDING, model=other)
    checkpoints.write_safetensors(plain, model.state_dict())
    export(path, model, keep_norm=True, opset=15)
    reshaped_constants(path)
    report.case("constants that are computed", plain, path, ROUNDING, model=model)


def opset_cases(report, folder):
    plain, path = folder / "plain.safetensors", folder / "model.onnx"
    for opset in (9, 10):
        export(path, checkpoints.varied(upsample="nearest"), opset=11)
        model = checkpoints.varied(upsample="nearest")
        checkpoints.write_safetensors(plain, model.state_dict(), {"hrnet.upsample": "nearest"})
        as_of_opset(path, opset)
        report.case(f"opset {opset}, nearest", plain, path, ROUNDING, model=model)
        export(path, checkpoints.varied(), opset=11)
        as_of_opset(path, opset)
        report.case(f"opset {opset}, bilinear", plain, path, 0, refused=True, message="opset_version=11 or later")


def as_of_opset(path, opset):
    """Resize as Upsample, or as opset 10 had it, by whole factors."""
    model = onnx.load(path)
    model.opset_import[0].version = opset
    exchange = 0
    for node in model.graph.node:
        if node.op_type != "Resize":
            continue
        exchange += 1
        factor = (2, 2, 4, 2, 2, 4, 8, 2, 4, 2, 2, 4, 8)[exchange - 1]
        model.graph.initializer.append(
            helper.make_tensor(f"scales{exchange}", TensorProto.FLOAT, [4], [1, 1, factor, factor]))
        node.op_type = "Upsample" if opset == 9 else "Resize"
        node.input[:] = [node.input[0], f"scales{exchange}"]
        mode = next(a for a in node.attribute if a.name == "mode")
        mode = helper.make_attribute("mode", mode.s)
        del node.attribute[:]
        node.attribute.append(mode)
    onnx.save(model, path)


class Prepared(torch.nn.Module):
    """A network that takes pictures as they come."""

    def __init__(self, net, prepare):
        super().__init__()
        self.net, self.prepare = net, prepare

    def forward(self, x):
        return self.net(self.prepare(x))


def per_channel(*numbers):
    return torch.tensor(numbers).reshape(1, 3, 1, 1)


MEAN, STD = per_channel(0.485, 0.456, 0.406), per_channel(0.229, 0.224, 0.225)
NHWC = (1, *SIZE, 3)
IMAGENET = {"mean": "[0.485, 0.456, 0.406]", "std": "[0.229, 0.224, 0.225]"}
PREPARATIONS = [
    ("mean and deviation", lambda x: (x - MEAN) / STD, {}, IMAGENET),
    ("255, mean and deviation", lambda x: (x / 255 - MEAN) / STD, {}, IMAGENET),
    ("mean and deviation of bytes", lambda x: (x - 255 * MEAN) * (1 / (255 * STD)), {}, IMAGENET),
    ("bytes, channels last", lambda x: (x.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD,
     {"shape": NHWC, "dtype": torch.uint8}, IMAGENET),
    ("B G R, turned", lambda x: (x[:, [2, 1, 0]] / 255 - MEAN) / STD, {}, IMAGENET),
    ("B G R, turned and channels last", lambda x: x.flip(3).permute(0, 3, 1, 2) / 127.5 - 1,
     {"shape": NHWC}, {"mean": "[0.5, 0.5, 0.5]", "std": "[0.5, 0.5, 0.5]"}),
    ("B G R as the network takes it", lambda x: x[:, [2, 1, 0]] - 255 * MEAN.flip(1), {},
     {"mean": "[0.485, 0.456, 0.406]", "std": "[0.003921569, 0.003921569, 0.003921569]", "channel_order": "bgr"}),
    ("plane by plane",
     lambda x: torch.cat([(x[:, c:c + 1] / 255 - MEAN[0, c]) / STD[0, c] for c in range(3)], 1), {}, IMAGENET),
    ("a picture of three axes", lambda x: (x.permute(2, 0, 1)[None] / 255 - MEAN) / STD,
     {"shape": NHWC[1:]}, IMAGENET),
]
UNPREPARED = [
    ("squares", lambda x: x * x, {}, "Mul"),
    ("a picture that is turned", lambda x: x.permute(0, 1, 3, 2) / 255, {}, "NCWH"),
    ("a negative", lambda x: 1 - x, {}, "Sub"),
    ("an order of its own", lambda x: x[:, [1, 2, 0]], {}, "another order"),
    ("a picture that is resized", lambda x: mmsegmentation.resize(x, (128, 192)), {}, "Resize"),
]


def preparation_cases(report, folder):
    plain, path, net = folder / "plain.safetensors", folder / "model.onnx", checkpoints.varied()
    for title, prepare, options, told in PREPARATIONS:
        known = {"channel_order": "rgb"} if told is IMAGENET else {}
        checkpoints.write_safetensors(plain, net.state_dict(), {f"hrnet.{k}": v for k, v in (told | known).items()})
        export(path, Prepared(net, prepare).eval(), **options)
        report.case(f"prepared: {title}", plain, path, ROUNDING, model=net)
    for title, prepare, options, message in UNPREPARED:
        export(path, Prepared(net, prepare).eval(), **options)
        report.case(f"not understood: {title}", plain, path, 0, refused=True, message=message)


def ended(net, end):
    class Ended(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return end(self.net(x))
    return Ended().eval()


# What may stand behind the classifier, and of how many classes it is.
ENDS = [
    ("the score of one class", lambda y: torch.softmax(y * 0.5, 1)[:, 1:2], 2),
    ("labels and confidences", lambda y: (y.argmax(1), torch.sigmoid(y / 2 + 3).amax(1)), 19),
    ("labels as a picture", lambda y: (y.argmax(1) * 255).byte(), 2),
    ("a mask of one class", lambda y: (torch.sigmoid(y) > 0.5).float() * 255, 1),
]
OTHER_ENDS = [
    ("the lowest class", lambda y: (y * -1).argmax(1), 19, "Mul"),
    ("some of the classes", lambda y: y[:, :5].argmax(1), 19, "would change the classes"),
    ("a threshold of its own", lambda y: (torch.sigmoid(y) > 0.3).float(), 1, "Greater"),
    ("weights of classes", lambda y: y * torch.arange(19).reshape(1, 19, 1, 1), 19, "would change the classes"),
]


def end_cases(report, folder):
    plain, path = folder / "plain.safetensors", folder / "model.onnx"
    for title, end, classes, *message in ENDS + OTHER_ENDS:
        net = checkpoints.varied(classes=classes)
        checkpoints.write_safetensors(plain, net.state_dict())
        export(path, ended(net, end))
        report.case(f"ends with {title}", plain, path, ROUNDING, model=None if message else net,
                    refused=bool(message), message="".join(message))


def with_functions(path, endless=False):
    """Each convolution with a ReLU behind as a call of a function, which calls another."""
    model = onnx.load(path)
    graph, opsets = model.graph, [helper.make_opsetid("", 15), helper.make_opsetid("local", 1)]
    strides = onnx.AttributeProto(name="strides", ref_attr_name="steps", type=onnx.AttributeProto.INTS)
    body = [helper.make_node("Conv", ["x", "w", "b"], ["y"], pads=[1, 1, 1, 1]),
            helper.make_node("Activate", ["y"], ["z"], domain="local")]
    body[0].attribute.append(strides)
    inner = helper.make_node("Activate" if endless else "Relu", ["y"], ["z"], domain="local" if endless else "")
    model.functions.extend([
        helper.make_function("local", "Layer", ["x", "w", "b"], ["z"], body, opsets, ["steps"]),
        helper.make_function("local", "Activate", ["y"], ["z"], [inner], opsets)])
    model.opset_import.append(opsets[1])
    relus = {n.input[0]: n for n in graph.node if n.op_type == "Relu"}
    for node in [n for n in graph.node if n.op_type == "Conv" and n.output[0] in relus]:
        attributes = {a.name: list(a.ints) for a in node.attribute}
        if attributes["kernel_shape"] != [3, 3]:
            continue
        relu = relus[node.output[0]]
        node.CopyFrom(helper.make_node("Layer", list(node.input), list(relu.output), domain="local",
                                       steps=attributes["strides"]))
        graph.node.remove(relu)
    onnx.save(model, path)


def function_cases(report, folder):
    plain, path, net = folder / "plain.safetensors", folder / "model.onnx", checkpoints.varied()
    checkpoints.write_safetensors(plain, net.state_dict())
    for endless in (False, True):
        export(path, net, opset=15)
        with_functions(path, endless)
        report.case("functions that call each other without end" if endless else "functions", plain, path,
                    ROUNDING, model=None if endless else net, refused=endless, message="levels deep" if endless else "")


def main():
    with tempfile.TemporaryDirectory() as name:
        report = Report(*sys.argv[1:3], name)
        for cases in (mmsegmentation_cases, weight_cases, opset_cases, preparation_cases,
                      end_cases, function_cases):
            cases(report, Path(name))
    print(f"1..{report.n}")
    return report.failed != 0


sys.exit(main())
